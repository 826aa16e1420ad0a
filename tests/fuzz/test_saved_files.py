"""Model files and checkpoints with changed bytes, and with changed content under right checksums: read or refused."""

import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import originals
from tests.fuzz.archives import member_names, with_member
from tests.fuzz.budget import cases
from tests.fuzz.doors import goes_on, loads
from tests.fuzz.mutations import mutated, mutations


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module")
def models(room):
    return originals.models(room)


@pytest.fixture(scope="module")
def checkpoints(room):
    return originals.checkpoints(room)


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


def rewritten(content, path, value, cut):
    """The JSON text with one of its values changed, or left out."""
    meta = json.loads(content)
    inner = meta
    for key in path[:-1]:
        inner = inner[key]
    if cut:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(meta).encode()


@cases(100)
@given(st.data())
def test_changed_content_of_a_model(models, room, data):
    """Nothing that the description claims is believed unless it fits; the rest of it is data."""
    whole = data.draw(st.sampled_from(models))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        meta = json.loads(archive.read("model.json"))
    path = data.draw(st.sampled_from([path for path in places(meta) if path]))
    value, cut = data.draw(VALUES), data.draw(st.booleans())
    changed = with_member(whole, "model.json", lambda content: rewritten(content, path, value, cut))
    (room / "changed").write_bytes(changed)
    loads(room / "changed")


@st.composite
def with_a_changed_member(draw, archives):
    """One of the archives, with one of its members' bytes changed and the checksums right."""
    whole = draw(st.sampled_from(archives))
    name, seed = draw(st.sampled_from(member_names(whole))), draw(st.integers(0, 2**64))
    return with_member(whole, name, lambda content: mutated(content, seed, 2))


@cases(60)
@given(st.data())
def test_changed_members_of_a_model(models, room, data):
    (room / "changed").write_bytes(data.draw(with_a_changed_member(models)))
    loads(room / "changed")


@cases(60)
@given(st.data())
def test_changed_bytes_of_a_checkpoint(checkpoints, room, data):
    (room / "c").write_bytes(data.draw(mutations(checkpoints)))
    goes_on(room / "c")


@cases(60)
@given(st.data())
def test_changed_members_of_a_checkpoint(checkpoints, room, data):
    (room / "c").write_bytes(data.draw(with_a_changed_member(checkpoints)))
    goes_on(room / "c")
