"""Dask collections on real worker processes: the fit of the same arrays in memory, the same bits each time."""

import time

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

import softgrad
from softgrad.rows.dask import close, dask_rows
from tests.distributed.data import CHUNKS, table

da = pytest.importorskip("dask.array", reason="dask is not installed")
dd = pytest.importorskip("dask.dataframe", reason="dask.dataframe is not installed")
pd = pytest.importorskip("pandas")


def softmax(z):
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return z / z.sum(axis=1, keepdims=True)


@pytest.fixture
def arrays(rng):
    X, codes = table(rng)
    return X, codes, da.from_array(X, chunks=(CHUNKS, 3)), da.from_array(codes, chunks=1000)


def test_the_sums_of_rows_in_memory(client, rng, arrays):
    X, codes, lazy, targets = arrays
    weights = rng.uniform(0, 2, size=len(X))
    weights[700:800] = 0  # a whole partition
    rows = dask_rows(lazy, targets, sample_weight=weights)
    coef, intercept = rng.normal(size=(4, 6)), rng.normal(size=4)
    point, proba = rows.at(coef, intercept), softmax(X @ coef.T + intercept)
    shares = weights / weights.sum()
    residual = shares[:, None] * (proba - np.eye(4)[codes])
    assert point.loss == pytest.approx(-shares @ np.log(proba[np.arange(len(X)), codes]), rel=1e-13)
    np.testing.assert_allclose(point.grad_coef, residual.T @ X, rtol=0, atol=1e-14)
    np.testing.assert_allclose(point.grad_intercept, residual.sum(axis=0), rtol=0, atol=1e-14)
    assert rows.meter.rounds == 3
    K, d = coef.shape
    assert 9 * (K * d + K + 1) * 8 < rows.meter.bytes_moved < 20 * (2 * K * d + 2 * K + 8) * 8 + 9 * 200
    close(rows)


def test_separated_classes_are_named(client, rng):
    """Class "a" lies apart along "far"; the others overlap."""
    frame = pd.DataFrame(rng.normal(size=(300, 2)), columns=["near", "far"])
    labels = np.array(["a", "b", "c"])[np.arange(300) % 3]
    frame["far"] += 20.0 * (labels == "a")
    frame["kind"] = labels
    lazy = dd.from_pandas(frame, npartitions=3)
    model = softgrad.SoftmaxRegression(C=np.inf, classes=["a", "b", "c"])
    with pytest.warns(
        ConvergenceWarning, match="class 'a' is separated from 'b' and 'c' by a .* led by 'far'"
    ):
        model.fit(lazy[["near", "far"]], lazy["kind"])
    assert model.status_.separation.complete[0].tolist() == [False, True, True]


def test_the_fit_of_the_same_rows_in_memory(client, arrays):
    X, codes, lazy, targets = arrays
    given = {"alpha": 1e-3, "tol": 1e-12, "solver": "newton-pcg"}
    here = softgrad.fit(X, codes, **given)
    rows = dask_rows(lazy, targets)
    there, again = softgrad.fit(rows, **given), softgrad.fit(rows, **given)
    close(rows)
    assert there.status == "converged"
    assert there.gap <= 1e-12
    assert there.objective == pytest.approx(here.objective, rel=1e-12)
    probabilities = [softmax(X @ solution.coef.T + solution.intercept) for solution in (here, there)]
    np.testing.assert_allclose(*probabilities, rtol=0, atol=1e-8)
    apart = np.sqrt(
        2 * (here.gap + there.gap) * here.objective / given["alpha"]
    )  # as the penalty is that convex
    assert np.linalg.norm(here.coef - there.coef) <= 2 * apart
    np.testing.assert_array_equal(there.coef, again.coef)
    assert again.n_rounds < there.n_rounds <= again.n_rounds + 2  # samples are gathered once
    assert 0 < again.n_bytes < there.n_bytes < 10 * again.n_bytes + X.nbytes
    assert there.n_rounds < 70
    assert here.n_rounds == here.n_bytes == 0


def test_estimator_with_any_labels(client, rng):
    X, codes = table(rng, n=1500, offset=50.0)
    names = np.array(["ant", "bee", "cow", "dog"])[codes]
    frame = pd.DataFrame(X, columns=list("abcdef")).astype({"a": np.float32})
    frame["kind"], frame["weight"] = names, rng.uniform(0.5, 2, size=len(X))
    lazy = dd.from_pandas(frame, npartitions=5)
    features, weights = lazy[list("abcdef")], lazy["weight"]
    given = {"class_weight": "balanced", "tol": 1e-12, "classes": ["dog", "cow", "bee", "ant", "elk"]}
    here = softgrad.SoftmaxRegression(**given)
    here.fit(frame[list("abcdef")], names, sample_weight=frame["weight"])
    there = softgrad.SoftmaxRegression(**given).fit(features, lazy["kind"], sample_weight=weights)
    assert there.status_ == "converged"
    assert there.classes_.tolist() == here.classes_.tolist()
    assert there.feature_names_in_.tolist() == list("abcdef")
    assert there.intercept_[4] == -np.inf
    assert there.objective_ == pytest.approx(here.objective_, rel=1e-11)
    proba = there.predict_proba(features)
    assert isinstance(proba, da.Array)
    np.testing.assert_allclose(proba.compute(), here.predict_proba(frame[list("abcdef")]), atol=1e-8)
    predicted = there.predict(features)
    np.testing.assert_array_equal(predicted.compute(), here.predict(frame[list("abcdef")]))
    assert there.score(features, lazy["kind"], sample_weight=weights) == pytest.approx(
        here.score(frame[list("abcdef")], names, sample_weight=frame["weight"])
    )
    with pytest.raises(ValueError, match="feature names"):
        there.predict(features.rename(columns={"a": "z"}))


def test_two_classes_of_parquet(client, rng, tmp_path):
    """Read by the workers; scikit-learn's binary problem."""
    pytest.importorskip("pyarrow")
    X, codes = table(rng, n=600, d=3, n_classes=2)
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=codes)
    for i in range(3):
        frame[200 * i : 200 * (i + 1)].to_parquet(tmp_path / f"part-{i}.parquet")
    lazy = dd.read_parquet(tmp_path)
    model = softgrad.SoftmaxRegression(tol=1e-12).fit(lazy[["a", "b", "c"]], lazy["y"])
    peer = LogisticRegression(tol=1e-12, solver="newton-cholesky").fit(X, codes)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-7)
    logits = model.decision_function(lazy[["a", "b", "c"]]).compute()
    np.testing.assert_allclose(logits, peer.decision_function(X), atol=1e-6)


def test_sparse_and_soft(client, rng):
    X = rng.poisson(0.3, size=(600, 8)).astype(float)
    soft = rng.dirichlet(np.ones(3), size=600)
    lazy = da.from_array(X, chunks=(150, 8)).map_blocks(scipy.sparse.csr_matrix)
    targets = da.from_array(soft, chunks=(150, 1))
    here = softgrad.fit(X, soft, alpha=0.01, tol=1e-12)
    there = softgrad.fit(lazy, targets, alpha=0.01, tol=1e-12)
    assert there.objective == pytest.approx(here.objective, rel=1e-12)
    np.testing.assert_allclose(there.coef, here.coef, atol=1e-6)
    model = softgrad.SoftmaxRegression(C=1 / 6, tol=1e-12).fit(lazy, targets)
    np.testing.assert_allclose(model.coef_, there.coef, atol=1e-6)


def test_nothing_stays_on_the_cluster(client, arrays):
    _, _, lazy, targets = arrays
    softgrad.fit(lazy, targets, alpha=0.1, tol=1e-3)
    for _ in range(300):  # the scheduler hears of it a little later
        tasks = client.run_on_scheduler(lambda dask_scheduler: [str(key) for key in dask_scheduler.tasks])
        if not [key for key in tasks if "softgrad" in key or "block_of" in key]:
            return
        time.sleep(0.1)
    pytest.fail(f"{tasks} are still there")


# --------------------------------------------------------------------------------------------------- refused


def test_what_partitions_hold_is_checked_where_they_are(client, arrays):
    X, codes, _, targets = arrays
    bad = X.copy()
    bad[1105, 2] = np.nan
    with pytest.raises(
        ValueError, match=r"partition 2: row 305, column 2 of its X is missing, NaN or infinite"
    ):
        softgrad.fit(da.from_array(bad, chunks=(CHUNKS, 6)), targets, alpha=0.1)
    bad[1105, 2] = -1e200
    with pytest.raises(ValueError, match=r"partition 2: row 305, column 2 of its X is -1e\+200, too large"):
        softgrad.fit(da.from_array(bad, chunks=(CHUNKS, 6)), targets, alpha=0.1)
    with pytest.raises(ValueError, match="partition 2: the label 4"):
        softgrad.fit(
            da.from_array(X, chunks=(CHUNKS, 6)),
            np.where(np.arange(4000) == 1105, 4, codes),
            alpha=0.1,
            n_classes=4,
        )


def test_more_than_the_workers_can_hold(client, arrays):
    """Known before anything is read."""
    large = da.zeros((10**7, 600), chunks=(10**6, 600))
    labels = da.ones(10**7, chunks=10**6, dtype=np.int8)
    with pytest.raises(ValueError, match=r"X takes 48\.1 GB in 10 partitions .* 4 workers may keep 2\.4 GB"):
        softgrad.fit(large, labels, alpha=0.1)


def test_logits_are_computed_again_where_only_x_fits(client, rng, arrays, monkeypatch):
    X, codes, lazy, targets = arrays
    here = softgrad.fit(X, codes, alpha=0.01, tol=1e-12, solver="lbfgs")
    monkeypatch.setattr("softgrad.rows.dask.LOGITS", 10**6)
    rows = dask_rows(lazy, targets)
    assert rows.logits_are == "recomputed"
    there = softgrad.fit(rows, alpha=0.01, tol=1e-12, solver="lbfgs")
    close(rows)
    assert there.objective == pytest.approx(here.objective, rel=1e-12)
