"""Disks that are full, folders that may not be written, and two writers of one file."""

import contextlib
import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import softgrad
from softgrad import modelfile
from tests.cli.running import invoke
from tests.faults.scripts import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits and permissions")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 60))
Y = RNG.integers(4, size=400)
WIDE = RNG.normal(size=(50, 4000))


@pytest.fixture
def small_disk(tmp_path):
    """A disk with 4 kB left, where this process may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None:
        pytest.skip("there is no mount here")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("this process may mount no disk")
    (place / "filler").write_bytes(b"x" * 60 * 1024)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def short_files():
    """Files of this process may have 2 kB: what writes more gets EFBIG, as ENOSPC from a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    @contextlib.contextmanager
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    yield limited
    signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture(params=["small disk", "short files"])
def full(request, tmp_path):
    """A folder with room for little, and what must be around the writing."""
    if request.param == "small disk":
        return request.getfixturevalue("small_disk"), contextlib.nullcontext
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "filler").touch()
    return folder, request.getfixturevalue("short_files")


@pytest.fixture(scope="module")
def wide():
    return softgrad.SoftmaxRegression(max_iter=3, tol=1).fit(WIDE, Y[:50])


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of 400 rows and 60 columns, more than 64 kB in every form."""
    path = tmp_path_factory.mktemp("table") / "t.csv"
    header = ",".join([*(f"x{j}" for j in range(60)), "y"])
    lines = [",".join([*map(repr, row.tolist()), "abcd"[k]]) for row, k in zip(X, Y, strict=True)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "filler"}


def test_a_model(full, wide):
    folder, limit = full
    (folder / "m").write_bytes(b"old")
    with limit(), pytest.raises(OSError) as caught:
        wide.save(folder / "m")
    assert caught.value.errno in (errno.ENOSPC, errno.EFBIG)
    assert content(folder) == {"m": b"old"}


def test_a_report(full):
    pytest.importorskip("jinja2")
    folder, limit = full
    page = softgrad.SoftmaxRegression().fit(X, Y).report(X, Y)
    (folder / "r.html").write_bytes(b"old")
    with limit(), pytest.raises(OSError) as caught:
        page.save(folder / "r.html")
    assert caught.value.errno in (errno.ENOSPC, errno.EFBIG)
    assert content(folder) == {"r.html": b"old"}


@pytest.mark.parametrize(
    "written", ["cache", "checkpoint", "model", "report", "predictions.csv", "predictions.parquet"]
)
def test_a_command(full, written, table, tmp_path):
    """One sentence and exit code 1; nothing is left, and what was there stays."""
    folder, limit = full
    command = ["fit", str(table), "--target", "y", "--max-iter", "5", "--test-size", "0"]
    old = {}
    if written == "cache":
        command += ["--memory-limit", "1MB", "--cache", str(folder)]
    elif written == "checkpoint":
        command += ["--memory-limit", "1MB", "--checkpoint", str(folder / "c"), "--solver", "lbfgs"]
    elif written in ("model", "report"):
        old = {"out": b"old"}
        command += [f"--{written}", str(folder / "out")]
        (folder / "out").write_bytes(b"old")
    else:
        model = str(tmp_path / "m.softgrad")
        assert invoke(*command, "--model", model).exit_code == 0
        many = tmp_path / "many.csv"
        header, *lines = table.read_text().splitlines()
        many.write_text("\n".join([header, *lines * 8]) + "\n")
        command = ["predict", model, str(many), "--proba", "--output", str(folder / written)]
        (folder / written).write_bytes(b"old")
        old = {written: b"old"}
    with limit():
        result = invoke(*command)
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.output
    assert result.stderr.startswith("softgrad: ")
    assert content(folder) == old


def test_the_disk_of_temporary_files(full, table, monkeypatch):
    """Where the labels of rows on disk are kept meanwhile."""
    import tempfile

    folder, limit = full
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with limit(), contextlib.suppress(ValueError, OSError):  # these are few; a fit that has room is right too
        rows = softgrad.open_rows(table, target="y", memory_limit="1MB")
        softgrad.SoftmaxRegression(max_iter=2, tol=1).fit(rows)
    assert not content(folder)


# ----------------------------------------------------------------------------------------------- read-only folders

READER = """
from pathlib import Path
folder = Path(sys.argv[1])
from tests.cli.running import invoke
import softgrad
source, model = str(folder / "t.csv"), str(folder / "m.softgrad")
commands = {
    "model": ["fit", source, "--target", "y", "--model", str(folder / "n.softgrad")],
    "over a model": ["fit", source, "--target", "y", "--model", model],
    "report": ["fit", source, "--target", "y", "--report", str(folder / "r.html")],
    "cache": ["fit", source, "--target", "y", "--memory-limit", "1MB", "--cache", str(folder / "cache")],
    "checkpoint": ["fit", source, "--target", "y", "--memory-limit", "1MB", "--checkpoint", str(folder / "c")],
    "predictions": ["predict", model, source, "--output", str(folder / "p.csv")],
    "page": ["explain", "--output", str(folder / "e.html")],
    "unreadable": ["predict", str(folder / "secret"), source],
    "unreadable data": ["predict", model, str(folder / "secret.csv")],
}
for name, command in commands.items():
    result = invoke(*command)
    good = result.exit_code == 1 and result.stderr.count("\\n") == 1 and result.stderr.startswith("softgrad: ")
    if not good:
        print(name, result.exit_code, repr(result.exception), result.stderr)
try:
    softgrad.load(model).save(folder / "n")
except OSError as error:
    assert error.filename and "denied" in str(error), error
else:
    print("saved")
"""


def test_a_folder_that_may_only_be_read(tmp_path_factory):
    """Root, who may write everywhere, gives that right away first."""
    place = str(tmp_path_factory.mktemp("data"))
    before_it = ()
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere here")
        before_it = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
    try:
        names = ["x0", "x1", "y"]
        lines = [f"{x[0]},{x[1]},{k}" for x, k in zip(X[:40], Y[:40], strict=True)]
        with open(os.path.join(place, "t.csv"), "w") as file:
            file.write("\n".join([",".join(names), *lines]) + "\n")
        made = invoke(
            "fit", os.path.join(place, "t.csv"), "--target", "y", "--model", os.path.join(place, "m.softgrad")
        )
        assert made.exit_code == 0, made.output
        for secret in ("secret", "secret.csv"):
            with open(os.path.join(place, secret), "w") as file:
                file.write("x0,x1\n1,2\n")
            os.chmod(os.path.join(place, secret), 0)
        os.chmod(place, 0o555)
        before = sorted(os.listdir(place))
        done = run(READER, place, before=before_it)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr + done.stdout
        assert sorted(os.listdir(place)) == before
    finally:
        os.chmod(place, 0o755)


# ------------------------------------------------------------------------------------------------- one target


def test_two_writers_of_one_model(tmp_path):
    """Whoever is last wins whole; who reads meanwhile sees one or the other."""
    path = tmp_path / "m"
    models = [softgrad.SoftmaxRegression(C=C, max_iter=5, tol=1).fit(X, Y) for C in (0.1, 10.0)]
    models[0].save(path)
    whole = []
    for model in models:
        model.save(tmp_path / "one")
        whole.append((tmp_path / "one").read_bytes())
    (tmp_path / "one").unlink()
    stop, seen, wrong = threading.Event(), set(), []

    def write(model):
        for _ in range(60):
            modelfile.save(path, model)

    def read():
        while not stop.is_set():
            seen.add(path.read_bytes())
            try:
                softgrad.load(path)
            except ValueError as error:
                wrong.append(error)

    writers = [threading.Thread(target=write, args=(model,)) for model in models]
    reader = threading.Thread(target=read)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()
    assert not wrong
    assert seen <= set(whole)
    assert path.read_bytes() in whole
    assert [entry.name for entry in tmp_path.iterdir()] == ["m"]


SAVED = """
import numpy as np
from softgrad import SoftmaxRegression
path, C = sys.argv[1], float(sys.argv[2])
rng = np.random.default_rng(0)
X, y = rng.normal(size=(100, 50)), rng.integers(4, size=100)
model = SoftmaxRegression(C=C).fit(X, y)
print("fitted", flush=True)
sys.stdin.readline()
for _ in range(50):
    model.save(path)
"""


def test_two_processes_that_write_one_model(tmp_path):
    from subprocess import PIPE

    from tests.faults.scripts import begun

    path = tmp_path / "m"
    children = [begun(SAVED, path, C, stdin=PIPE) for C in (0.1, 10)]
    for child in children:
        assert child.stdout.readline() == "fitted\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        assert child.communicate(timeout=60)[1] == ""
        assert child.returncode == 0
    assert softgrad.load(path).C in (0.1, 10)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m"]
