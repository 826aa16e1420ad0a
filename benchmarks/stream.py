"""What a fit from disk costs: peak memory, passes, MB/s against the disk's own speed, and time against memory.

    python benchmarks/stream.py --gigabytes 4 --folder /somewhere

A synthetic Parquet data set of 60 columns and 7 classes is written, fitted to tol=1e-8 with memory_limit="256MB" as
it is and from the compact copy, and removed again. Then a smaller one is fitted from disk and in memory, at
tol=1e-12. Each fit runs in a process of its own, whose peak resident memory is the system's (VmHWM).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS, CLASSES, PART_ROWS = 60, 7, 250_000
READ = 2**23


def written(folder, gigabytes):
    """Parquet files of so many gigabytes: correlated columns of several scales, labels drawn from a softmax model."""
    folder.mkdir(parents=True)
    mixing = np.random.default_rng(1).normal(size=(COLUMNS, COLUMNS)) / np.sqrt(COLUMNS) + np.eye(COLUMNS)
    coef = np.random.default_rng(2).normal(size=(CLASSES, COLUMNS)) / 8
    scales = 10.0 ** np.random.default_rng(3).uniform(-2, 3, size=COLUMNS)
    size, part = 0, 0
    while size < gigabytes * 1e9:
        rng = np.random.default_rng([4, part])
        Z = rng.normal(size=(PART_ROWS, COLUMNS)) @ mixing
        labels = (Z @ coef.T + rng.gumbel(size=(PART_ROWS, CLASSES))).argmax(axis=1)
        columns = {f"x{j}": Z[:, j] * scales[j] for j in range(COLUMNS)}
        file = folder / f"part-{part:04d}.parquet"
        pq.write_table(pa.table({**columns, "label": labels.astype(np.int8)}), file)
        size, part = size + file.stat().st_size, part + 1
    return size, part * PART_ROWS


def forget(folder):
    """Ask the system to drop the files from its page cache."""
    os.sync()
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as stream:
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def page_cache_speed(folder):
    """Bytes a second of reading the files from first to last."""
    began, size, buffer = perf_counter(), 0, bytearray(READ)
    for file in sorted(folder.glob("*.parquet")):
        with file.open("rb", buffering=0) as stream:
            while count := stream.readinto(buffer):
                size += count
    return size / (perf_counter() - began)


def disk_speed(folder):
    """Bytes a second of reading the files from first to last, none of them in the page cache."""
    forget(folder)
    return page_cache_speed(folder)


def fit(kind, folder, cache, tol):
    """One fit, in this process."""
    import softgrad

    began, model = perf_counter(), softgrad.SoftmaxRegression(tol=tol)
    if kind == "memory":
        proba, out = fit_in_memory(model, folder, began)
    else:
        proba, out = fit_streamed(model, folder, cache, began)
    out |= {
        "seconds": perf_counter() - began,
        "cpu": process_time(),
        "passes": model.n_passes_,
        "gap": model.gap_,
        "objective": model.objective_,
    }
    out |= {"status": str(model.status_), "iterations": model.n_iter_}
    out["peak_mb"] = peak()
    np.save(folder.parent / f"proba-{kind}{'-copy' if cache else ''}.npy", proba)
    print(json.dumps(out))


def fit_in_memory(model, folder, began):
    """The first rows' probabilities, and when the rows were there."""
    table = pq.read_table(folder)
    y = table.column("label").to_numpy()
    X = np.column_stack([table.column(f"x{j}").to_numpy() for j in range(COLUMNS)])
    del table
    opened = perf_counter() - began
    return model.fit(X, y).predict_proba(X[:10_000]), {"opened": opened}


def fit_streamed(model, folder, cache, began):
    """The same, and what was read."""
    import softgrad

    rows = softgrad.open_rows(folder, target="label", memory_limit="256MB", cache_dir=cache or None)
    opened, readings = perf_counter() - began, [0, 0]

    def watch(reading):
        readings[0] = max(readings[0], reading.number)
        readings[1] += rows.opened.blocks.block_rows * reading.row_bytes

    model.fit(rows.watched(watch))
    out = {"opened": opened, "logits": rows.logits_are, "reads": readings[0], "read_bytes": readings[1]}
    first = next(rows.blocks_of_features())[:10_000]
    named = hasattr(model, "feature_names_in_")
    return proba_of(model, first) if named else model.predict_proba(first), out


def peak():
    """Peak resident memory of this process in MB; that of ru_maxrss may be what its parent had when it began."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6


def proba_of(model, X):
    """Without the warning that X has no names."""
    del model.feature_names_in_
    return model.predict_proba(X)


def in_a_process(kind, folder, cache, tol):
    command = [
        sys.executable,
        __file__,
        "--fit",
        kind,
        "--folder",
        str(folder),
        "--cache",
        cache,
        "--tol",
        str(tol),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def report(name, found):
    time = f"{found['seconds']:7.1f} s ({found['cpu']:.0f} of CPU)"
    line = f"{name:22s} {time}  {found['passes']:6.1f} passes  peak {found['peak_mb']:5.0f} MB"
    if "reads" in found:
        speed = found["read_bytes"] / (found["seconds"] - found["opened"]) / 1e6
        line += f"  opened in {found['opened']:.1f} s  {found['reads']} reads at {speed:.0f} MB/s"
        line += f"  logits {found['logits']}"
    print(f"{line}  gap {found['gap']:.1e}  {found['status']}", flush=True)


def large(folder, gigabytes):
    size, n_rows = written(folder, gigabytes)
    print(f"{n_rows} rows, {COLUMNS} columns, {CLASSES} classes, {size / 1e9:.2f} GB of Parquet")
    speeds = disk_speed(folder) / 1e6, page_cache_speed(folder) / 1e6
    print(f"the disk reads {speeds[0]:.0f} MB/s, and {speeds[1]:.0f} from the page cache", flush=True)
    for name, cache in (("from Parquet", ""), ("from the compact copy", str(folder.parent / "copy"))):
        forget(folder.parent)
        report(name, in_a_process("disk", folder, cache, 1e-8))


def small(folder, gigabytes):
    size, n_rows = written(folder, gigabytes)
    print(f"\n{n_rows} rows, {size / 1e9:.2f} GB of Parquet, tol=1e-12")
    found = {}
    for name, kind, cache in (
        ("in memory", "memory", ""),
        ("from Parquet", "disk", ""),
        ("from the compact copy", "disk", str(folder.parent / "copy-small")),
    ):
        found[name] = in_a_process(kind, folder, cache, 1e-12)
        report(name, found[name])
    proba = np.load(folder.parent / "proba-memory.npy")
    for name, file in (("from Parquet", "proba-disk.npy"), ("from the compact copy", "proba-disk-copy.npy")):
        apart = np.abs(np.load(folder.parent / file) - proba).max()
        objectives = abs(found[name]["objective"] / found["in memory"]["objective"] - 1)
        ratio = found[name]["seconds"] / found["in memory"]["seconds"]
        print(
            f"{name}: objective {objectives:.1e} apart (relative), probabilities {apart:.1e}, {ratio:.2f} x the time"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=0.4, help="of the large data set (default 0.4)")
    parser.add_argument("--small", type=float, default=0.2, help="of the one that is fitted in memory too")
    parser.add_argument("--folder", type=Path, default=None, help="where to write (a temporary folder)")
    parser.add_argument("--fit", help=argparse.SUPPRESS)
    parser.add_argument("--cache", default="", help=argparse.SUPPRESS)
    parser.add_argument("--tol", type=float, default=1e-8, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.fit:
        fit(asked.fit, asked.folder, asked.cache, asked.tol)
        return
    place = Path(tempfile.mkdtemp(prefix="softgrad-stream-", dir=asked.folder))
    try:
        large(place / "large", asked.gigabytes)
        shutil.rmtree(place / "large")
        small(place / "small", asked.small)
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
