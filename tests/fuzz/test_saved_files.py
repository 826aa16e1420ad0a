"""Model files and checkpoints with changed bytes, and with changed content under right checksums: read or refused."""

import io
import json
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softgrad
from softgrad import modelfile
from softgrad.checkpointfile import CheckpointError, CheckpointFile
from softgrad.modelfile import ModelFileError
from softgrad.optimize.driver import Checkpoint
from softgrad.table import Category, Columns, Numeric, Target
from tests.fuzz.budget import cases
from tests.fuzz.mutations import mutated, mutations
from tests.fuzz.refusals import Refused, answer
from tests.fuzz.test_estimator import quietly

X = np.random.default_rng(0).normal(size=(30, 3))
Y = np.argmax(X, axis=1)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module")
def models(room):
    """The bytes of four model files."""
    found = []
    names = np.array(["ant", "bee", "cat"])
    for labels, options in (
        (names[Y], {}),
        (Y > 0, {"C": np.inf}),
        (Y - 1, {"classes": [-1, 0, 1, 7], "class_weight": {0: 2.0}}),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            softgrad.SoftmaxRegression(**options).fit(X, labels).save(room / "m")
        found.append((room / "m").read_bytes())
    columns = Columns(
        Target("y", "text"), (Numeric("a", whole=False, fill=None), Category("b", ("u", "v"), None))
    )
    modelfile.save(room / "m", softgrad.SoftmaxRegression().fit(X, names[Y]), columns)
    return [*found, (room / "m").read_bytes()]


@pytest.fixture(scope="module")
def checkpoints(room):
    """The bytes of a checkpoint of every kind of state."""
    found = []
    for solver in ("newton", "newton-pcg", "lbfgs", "gradient-descent", "accelerated-gradient"):
        file = CheckpointFile(room / "c", {"rows": "1"})
        softgrad.fit(X, Y, alpha=0.1, solver=solver, max_iter=3, checkpoint=file.save)
        found.append((room / "c").read_bytes())
    return found


def loads(path):
    """The model in the file, which then predicts, or refuses its own parameters in a sentence; or a refusal."""
    model = answer(softgrad.load, path, kinds=(ModelFileError,))
    if isinstance(model, Refused):
        assert isinstance(answer(modelfile.describe, path, kinds=(ModelFileError,)), Refused | dict)
        return model
    rows = np.zeros((2, model.n_features_in_))
    model.__dict__.pop("feature_names_in_", None)
    predicted = answer(model.predict, rows)
    assert isinstance(predicted, Refused) or set(predicted.tolist()) <= set(model.classes_.tolist())
    assert repr(model)
    assert model._html_repr()
    quietly(model.fit, X, Y)
    return model


@cases(150)
@given(st.data())
def test_changed_bytes_of_a_model(models, room, data):
    (room / "changed").write_bytes(data.draw(mutations(models)))
    loads(room / "changed")


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=4),
        st.sampled_from(["<U4", "|O", "<f8", "|b1", "inf", "nan", "converged", "auto", "text"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["array", "dtype", "dict", "tuple", "float", "name", "kind", "x"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


def places(value, path=()):
    """The paths of all values within plain JSON."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def rewritten(data, path, value, cut):
    """The archive with one value of its model.json changed, or left out; the checksums are right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "model.json":
                meta = json.loads(content)
                inner = meta
                for key in path[:-1]:
                    inner = inner[key]
                if cut:
                    del inner[path[-1]]
                else:
                    inner[path[-1]] = value
                content = json.dumps(meta).encode()
            new.writestr(name, content)
    return stream.getvalue()


@cases(100)
@given(st.data())
def test_changed_content_of_a_model(models, room, data):
    """Nothing that the description claims is believed unless it fits; the rest of it is data."""
    whole = data.draw(st.sampled_from(models))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        meta = json.loads(archive.read("model.json"))
    path = data.draw(st.sampled_from([path for path in places(meta) if path]))
    changed = rewritten(whole, path, data.draw(VALUES), data.draw(st.booleans()))
    (room / "changed").write_bytes(changed)
    loads(room / "changed")


@cases(60)
@given(st.data())
def test_changed_members_of_a_model(models, room, data):
    whole = data.draw(st.sampled_from(models))
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(stream, "w") as new:
        spoiled = data.draw(st.sampled_from(old.namelist()))
        for name in old.namelist():
            content = old.read(name)
            if name == spoiled:
                content = mutated(content, data.draw(st.integers(0, 2**64)), 2)
            new.writestr(name, content)
    (room / "changed").write_bytes(stream.getvalue())
    loads(room / "changed")


def goes_on(path):
    found = answer(CheckpointFile(path, {"rows": "1"}).load, kinds=(CheckpointError,))
    assert isinstance(found, Refused | Checkpoint)


@cases(60)
@given(st.data())
def test_changed_bytes_of_a_checkpoint(checkpoints, room, data):
    (room / "c").write_bytes(data.draw(mutations(checkpoints)))
    goes_on(room / "c")


@cases(60)
@given(st.data())
def test_changed_members_of_a_checkpoint(checkpoints, room, data):
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data.draw(st.sampled_from(checkpoints)))) as old,
        zipfile.ZipFile(stream, "w") as new,
    ):
        spoiled = data.draw(st.sampled_from(old.namelist()))
        for name in old.namelist():
            content = old.read(name)
            new.writestr(
                name, mutated(content, data.draw(st.integers(0, 2**64)), 2) if name == spoiled else content
            )
    (room / "c").write_bytes(stream.getvalue())
    goes_on(room / "c")
