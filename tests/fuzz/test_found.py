"""What random cases found, each once and as it was: these had no sentence, or a wrong answer."""

import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pytest
import scipy.sparse

import softgrad
from softgrad.checkpointfile import CheckpointError, CheckpointFile
from softgrad.conventions import NUMPY
from softgrad.modelfile import ModelFileError
from softgrad.optimize.solver import State
from softgrad.plots.regions import _values
from softgrad.rows.dense import DenseRows
from softgrad.rows.readahead import read_ahead
from softgrad.table import TableError
from softgrad.table.read import read_table
from tests.fuzz.archives import with_member
from tests.fuzz.originals import as_arrow, as_stream

X, Y = np.eye(4), np.array([0, 1, 0, 1])


def test_a_float32_alpha_does_not_round_the_objective():
    one, other = (softgrad.fit(X, Y, alpha=kind(0.25)) for kind in (float, np.float32))
    assert type(other.objective) is type(one.objective)
    assert (one.objective, one.gap) == (other.objective, other.gap)


@pytest.mark.parametrize(
    "call",
    [
        lambda: softgrad.softmax("spam"),
        lambda: softgrad.softmax([[1], [1, 2]]),
        lambda: softgrad.log_softmax([object()]),
        lambda: softgrad.loss_and_gradient("spam", None, X, Y),
        lambda: softgrad.loss_and_gradient(np.ones((2, 4)) + 1j, None, X, Y),
        lambda: softgrad.loss_and_gradient(np.ones((2, 4)), ["a", "b"], X, Y),
        lambda: softgrad.loss_and_gradient(np.ones((2, 4)), None, [[1], [1, 2]], Y),
        lambda: softgrad.fit(X, [[1], [1, 2]], alpha=0.1),
        lambda: softgrad.fit(X, np.full((4, 2), 0.5 + 0.5j), alpha=0.1),
        lambda: softgrad.fit(X, np.full((4, 2), "0.5"), alpha=0.1),
        lambda: softgrad.fit(X, Y, alpha=0.1, n_classes=2.5),
        lambda: softgrad.fit(X, Y, alpha=0.1, start=3),
        lambda: softgrad.fit(X, Y, alpha=0.1, start=[["a"], ["b"]]),
        lambda: NUMPY.logits([[1], [1, 2]], X),
        lambda: NUMPY.unflatten([[1], [1, 2]], 2),
        lambda: softgrad.check_gradient(lambda *_: 0, X=X, y=np.eye(2)[Y], alpha=[0.1]),
        lambda: softgrad.check_gradient(lambda *_: 0, X=X, y=np.eye(2)[Y], n_classes="3"),
        lambda: softgrad.check_gradient(lambda *_: 0, X=X, y=np.eye(2)[Y], params=3),
        lambda: softgrad.SoftmaxRegression(classes=[0, 1]).partial_fit(X, Y, sample_weight=np.full(4, 1e290)),
    ],
)
def test_arguments_without_sense_get_a_sentence(call):
    with pytest.raises(ValueError, match=r"pass|scale"):
        call()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("y", [Y, np.array([0, 1, 0, 0]), np.array([[0.4, 0.6]] * 4), np.array([0, 1, 2, 0])])
def test_columns_of_zeros_without_a_penalty(y, fit_intercept):
    solution = softgrad.fit(np.zeros((4, 2)), y, alpha=0.0, fit_intercept=fit_intercept)
    assert solution.status == "converged"
    assert np.abs(solution.coef).max() <= 1e-15


def test_objects_in_a_table():
    with pytest.raises(TypeError, match="pass numbers as X"):
        softgrad.SoftmaxRegression().fit(np.array([[object()], [1.0]]), [0, 1])


def test_a_report_on_lists():
    model = softgrad.SoftmaxRegression().fit(X.tolist(), Y.tolist())
    assert "feature 3" in model.report(X.tolist(), Y.tolist())._repr_html_()


def test_a_callback_that_is_no_function():
    with pytest.raises(TypeError, match="callback='spam' was given"):
        softgrad.fit(X, Y, alpha=0.1, callback="spam")


def test_a_gradient_that_leaves_the_process_is_diagnosed():
    report = softgrad.check_gradient(lambda *_: sys.exit(3), X=X, y=np.eye(2)[Y])
    assert report.diagnoses[0].code == "raises"


def test_sparse_extended_precision():
    sparse = scipy.sparse.csr_array(X.astype(np.longdouble))
    model = softgrad.SoftmaxRegression(classes=[0, 1])
    assert model.partial_fit(sparse, Y).predict(sparse).tolist() == Y.tolist()


def test_dates_in_another_unit_than_declared():
    days = np.array(["2024-01-01", "2024-01-02"], dtype="M8[D]")
    model = softgrad.SoftmaxRegression(classes=days).fit(X, days[Y].astype("M8[ns]"))
    assert model.predict(X).tolist() == days[Y].tolist()


def test_regions_of_sparse_rows():
    np.testing.assert_array_equal(_values(scipy.sparse.csr_array(X)), X)


@pytest.fixture
def saved(tmp_path):
    softgrad.SoftmaxRegression().fit(X, Y).save(tmp_path / "m")
    return tmp_path / "m"


def spoil(path, member, change):
    path.write_bytes(with_member(path.read_bytes(), member, change))


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"'shape'", b"'''hape"), (b"'<f8'", b"'<i8'"), (b"(1, 4)", b"(4, 1)"), (b"{", b"(")],
)
def test_an_array_header_is_compared_and_never_evaluated(saved, old, new):
    spoil(saved, "coef.npy", lambda data: data.replace(old, new))
    with pytest.raises(ModelFileError, match="damaged"):
        softgrad.load(saved)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"array":[0,1],"dtype":"<i8"}', b"[0, 1]"),
        (b'{"array":[0,1],', b'{"array":[1,1],'),
        (b'"n_iter_":', b'"n_iter_":"many","x":'),
        (b'"feature_names":null', b'"feature_names":"abcd"'),
    ],
)
def test_a_description_of_the_wrong_kind(saved, old, new):
    spoil(saved, "model.json", lambda data: data.replace(old, new))
    with pytest.raises(ModelFileError, match="damaged"):
        softgrad.load(saved)


@pytest.mark.parametrize(("old", "new"), [(b"'shape'", b"'''hape"), (b"(2, 5), } ", b"(2L, 5), }")])
def test_a_checkpoint_whose_header_numpy_does_not_write(tmp_path, old, new):
    path = tmp_path / "c"
    softgrad.fit(X, Y, alpha=0.1, max_iter=1, tol=0, checkpoint=CheckpointFile(path, {}).save)
    spoil(path, "best.npy", lambda data: data.replace(old, new))
    with pytest.raises(CheckpointError, match="damaged"):
        CheckpointFile(path, {}).load()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"history": ()},
        {"gap": "small"},
        {"best": np.full((2, 5), np.nan)},
        {"best": np.zeros((5, 2))},
        {"state": State(np.zeros((2, 5)), exhausted="no")},
    ],
)
def test_a_checkpoint_that_no_fit_can_go_on_from(tmp_path, nonsense):
    file = CheckpointFile(tmp_path / "c", {})
    softgrad.fit(X, Y, alpha=0.1, max_iter=1, tol=0, checkpoint=file.save)
    file.save(replace(file.load(), **nonsense))
    with pytest.raises(CheckpointError, match="damaged"):
        file.load()


@pytest.mark.parametrize("label", ["1e19", "1e300"])
def test_labels_that_no_whole_number_holds(tmp_path, label):
    (tmp_path / "t.csv").write_text(f"a,y\n1,{label}\n2,3.0\n")
    with pytest.raises(TableError, match="no whole number of 64 bits"):
        softgrad.open_rows(tmp_path / "t.csv", target="y")


def test_a_name_that_is_not_utf8(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,\xff\xcc,y\n1,2,u\n3,4,v\n")
    for call in (lambda path: read_table(str(path)), lambda path: softgrad.open_rows(path, target="y")):
        with pytest.raises(TableError, match="not UTF-8"):
            call(tmp_path / "t.csv")


def test_offsets_that_point_beyond_an_arrow_file(tmp_path):
    path = tmp_path / "t.feather"
    pa.feather.write_feather(
        pa.table({"a": [1.0, 2.0, 3.0], "y": ["u", "v", "w"]}), str(path), compression="uncompressed"
    )
    whole, offsets = path.read_bytes(), np.arange(4, dtype="<i4").tobytes()
    assert whole.count(offsets) == 1
    path.write_bytes(whole.replace(offsets, np.array([0, 1, 2, 10**9], "<i4").tobytes()))
    for call in (lambda: read_table(str(path)), lambda: softgrad.open_rows(path, target="y")):
        with pytest.raises(TableError, match=r"damaged|not a whole"):
            call()


def test_a_small_arrow_file_that_says_it_unpacks_to_much(tmp_path):
    whole = as_arrow(pa.table({"a": np.zeros(500), "y": ["u", "v"] * 250}), "lz4")
    size = np.int64(500 * 8).tobytes()
    assert whole.count(size) == 1
    (tmp_path / "t.feather").write_bytes(whole.replace(size, np.int64(2**59).tobytes()))
    for call in (lambda path: read_table(str(path)), lambda path: softgrad.open_rows(path, target="y")):
        with pytest.raises(TableError, match="takes more memory than there is, or is damaged") as caught:
            call(tmp_path / "t.feather")
        assert isinstance(caught.value, MemoryError)


def test_a_reader_ends_when_its_start_is_interrupted(monkeypatch):
    """Nobody empties the queue then; the thread must not wait for room for ever."""
    import threading

    start = threading.Thread.start

    def interrupted(thread):
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), read_ahead(range(1000)):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name == "softgrad read-ahead"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"start": (1.0, 2.0)}, "the start has coef of shape"),
        ({"alpha": 10**400}, "alpha=1000"),
        ({"tol": 10**400}, "tol=1000"),
    ],
)
def test_arguments_of_fit(arguments, sentence):
    X, y = np.arange(8.0).reshape(4, 2), [0, 1, 0, 1]
    with pytest.raises(ValueError, match=sentence):
        softgrad.fit(X, y, **({"alpha": 0.1} | arguments))


@pytest.mark.parametrize("alphas", [[10**400], ["0.1"], [True], [None], 0.1, []])
def test_alphas(alphas):
    with pytest.raises(ValueError, match=r"^alphas"):
        softgrad.fit_path(np.arange(8.0).reshape(4, 2), [0, 1, 0, 1], alphas)


@pytest.mark.parametrize("logits", [[[None, 1.0]], np.array([["1", 2.0]], dtype=object)])
def test_objects_are_no_numbers(logits):
    with pytest.raises(ValueError, match="logits"):
        softgrad.softmax(logits)


def test_rows_have_their_own_number_of_classes():
    rows = DenseRows(np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1]), 2)
    assert softgrad.fit(rows, alpha=0.1, n_classes=2).gap <= 1e-8
    with pytest.raises(ValueError, match="these Rows have 2 classes"):
        softgrad.fit(rows, alpha=0.1, n_classes=7)


def test_numbers_of_a_table_whose_squares_overflow(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n1e200,u\n2,v\n")
    with pytest.raises(TableError, match=r"numbers as large as 1e\+200"):
        softgrad.open_rows(tmp_path / "t.csv", target="y")


def test_a_length_beyond_the_file_is_damage_not_too_little_memory(tmp_path):
    whole = as_stream(pa.table({"a": np.arange(20) / 8, "y": ["u", "v"] * 10}))
    path, refused = tmp_path / "t.arrow", 0
    for place in range(8, len(whole) - 8):
        path.write_bytes(whole[:place] + b"\xff\xff\xff\xff\x7f" + whole[place + 5 :])
        try:
            read_table(str(path))
        except TableError:
            refused += 1
    assert refused > 100
