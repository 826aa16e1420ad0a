"""The same optimum as scikit-learn's LogisticRegression, and the same place among scikit-learn's tools."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from scipy.special import logsumexp
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.exceptions import ConvergenceWarning, UnsetMetadataPassedError
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from softgrad import SoftmaxRegression

DATA = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer}
STRENGTHS = [1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3]


@pytest.fixture(params=DATA)
def data(request):
    X, y = DATA[request.param](return_X_y=True)
    return StandardScaler().fit_transform(X), y


def theirs(X, y, sample_weight=None, **params):
    """scikit-learn's fit; it warns where rounding ends its line search, having arrived."""
    model = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000, **params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, sample_weight=sample_weight)


def ours(X, y, sample_weight=None, **params):
    return SoftmaxRegression(tol=1e-12, **params).fit(X, y, sample_weight=sample_weight)


def objective(coef, intercept, X, codes, weights, C):
    """scikit-learn's objective over C sum w, as its user guide has it; one row of coef is the binary model."""
    logits = X @ coef.T + intercept
    if len(coef) == 1:
        logits = np.column_stack([np.zeros(len(X)), logits])
    losses = logsumexp(logits, axis=1) - logits[np.arange(len(X)), codes]
    return weights @ losses / weights.sum() + 0.5 * np.sum(coef**2) / (C * weights.sum())


def same_model(mine, other, X, tolerance=1e-6):
    np.testing.assert_allclose(mine.predict_proba(X), other.predict_proba(X), rtol=0, atol=tolerance)
    assert mine.coef_.shape == other.coef_.shape
    assert mine.intercept_.shape == other.intercept_.shape
    assert np.array_equal(mine.classes_, other.classes_)
    scale = max(1.0, np.abs(other.coef_).max())
    np.testing.assert_allclose(mine.coef_, other.coef_, rtol=0, atol=10 * tolerance * scale)
    np.testing.assert_allclose(mine.decision_function(X).shape, other.decision_function(X).shape)


# The optimum.


@pytest.mark.parametrize("C", STRENGTHS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_same_optimum(data, C, fit_intercept):
    X, y = data
    mine, other = (fit(X, y, C=C, fit_intercept=fit_intercept) for fit in (ours, theirs))
    same_model(mine, other, X)
    assert mine.gap_ <= 1e-12


@pytest.mark.parametrize("C", STRENGTHS)
def test_objective_is_theirs_over_C_times_the_weights(data, rng, C):
    X, y = data
    weights = rng.uniform(0.1, 3, len(y))
    mine, other = (fit(X, y, weights, C=C) for fit in (ours, theirs))
    at = [objective(model.coef_, model.intercept_, X, y, weights, C) for model in (mine, other)]
    assert mine.objective_ == pytest.approx(at[0], rel=1e-13)
    assert at[0] <= at[1] * (1 + 1e-12)


@pytest.mark.parametrize("C", [1e-2, 1.0, 1e2])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2.5, 1: 0.5}, {1: 3.0}])
def test_same_optimum_with_weights(data, rng, C, class_weight):
    X, y = data
    weights = rng.integers(0, 4, len(y)) * rng.uniform(0.5, 2, len(y))
    mine, other = (fit(X, y, weights, C=C, class_weight=class_weight) for fit in (ours, theirs))
    same_model(mine, other, X)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.5, 1: 0.5}])
def test_same_optimum_with_class_weight_alone(data, class_weight):
    X, y = data
    same_model(*(fit(X, y, class_weight=class_weight) for fit in (ours, theirs)), X)


@pytest.mark.filterwarnings("ignore:Setting penalty=None")  # scikit-learn 1.8 says so of C = inf
def test_without_penalty_two_classes_agree():
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X[:, :3])
    same_model(*(fit(X, y, C=np.inf) for fit in (ours, theirs)), X)


@pytest.mark.parametrize("solver", ["newton", "newton-cholesky", "lbfgs", "sag", "saga", "auto"])
def test_every_solver_has_the_same_optimum(data, solver):
    X, y = data
    mine = SoftmaxRegression(solver=solver, tol=1e-12, C=0.1, max_iter=5000).fit(X, y)
    same_model(mine, theirs(X, y, C=0.1), X)


def test_string_labels_agree(data):
    X, y = data
    names = np.array(["virginica", "setosa", "a"])[y]
    mine, other = ours(X, names), theirs(X, names)
    same_model(mine, other, X)
    assert np.array_equal(mine.predict(X), other.predict(X))
    assert mine.classes_.dtype == other.classes_.dtype


def test_sparse_input_agrees(data):
    X, y = data
    X = np.where(np.abs(X) > 1, X, 0)
    mine = ours(scipy.sparse.csr_array(X), y)
    same_model(mine, theirs(X, y), X)


def test_predictions_have_their_types(data):
    X, y = data
    mine, other = ours(X, y), theirs(X, y)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        first, second = getattr(mine, method)(X), getattr(other, method)(X)
        assert first.shape == second.shape
        assert first.dtype == second.dtype


# Its place among scikit-learn's tools.


def test_grid_search_over_C(data):
    X, y = data
    searches = [
        GridSearchCV(model, {"C": [1e-3, 1.0, 10.0]}, scoring="neg_log_loss", cv=3).fit(X, y)
        for model in (SoftmaxRegression(), LogisticRegression(solver="newton-cholesky", tol=1e-8))
    ]
    scores = [search.cv_results_["mean_test_score"] for search in searches]
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-3)
    assert searches[0].best_params_ == searches[1].best_params_


def test_cross_validated_probabilities(data):
    X, y = data
    mine, other = (
        cross_val_predict(model, X, y, cv=3, method="predict_proba")
        for model in (SoftmaxRegression(tol=1e-12), LogisticRegression(solver="newton-cholesky", tol=1e-8))
    )
    np.testing.assert_allclose(mine, other, atol=1e-4)


@pytest.mark.parametrize("threads", [1, 2])
def test_parallel_search(data, threads):
    X, y = data
    from joblib import parallel_backend

    with parallel_backend("threading", n_jobs=threads):
        scores = cross_val_score(SoftmaxRegression(), X, y, cv=3)
    assert np.array_equal(scores, cross_val_score(SoftmaxRegression(), X, y, cv=3))


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_calibration(data, method):
    if method == "temperature" and tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8):
        pytest.skip("temperature scaling came with scikit-learn 1.8")
    X, y = data
    model = CalibratedClassifierCV(SoftmaxRegression(), method=method, cv=3).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert model.score(X, y) > 0.9


def test_bagging_passes_weights(data):
    X, y = data
    model = BaggingClassifier(SoftmaxRegression(), n_estimators=3, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9


def test_voting_with_text_labels(data):
    X, y = data
    names = np.array(["c", "a", "b"])[y]
    members = [("mine", SoftmaxRegression()), ("theirs", LogisticRegression(max_iter=1000))]
    assert VotingClassifier(members, voting="soft").fit(X, names).score(X, names) > 0.9


def test_one_against_the_rest(data):
    X, y = data
    model = OneVsRestClassifier(SoftmaxRegression()).fit(X, y)
    assert model.score(X, y) > 0.85


def test_selects_features_by_coef(data):
    X, y = data
    chosen = SelectFromModel(SoftmaxRegression()).fit(X, y).transform(X)
    assert 0 < chosen.shape[1] < X.shape[1]


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_pipeline_keeps_the_columns_names(output):
    table = load_iris(as_frame=True)
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression()).set_output(transform=output)
    pipeline.fit(table.data, table.target)
    if output == "default":
        assert not hasattr(pipeline[-1], "feature_names_in_")
    else:
        assert pipeline[-1].feature_names_in_.tolist() == list(table.data.columns)
    expected = ours(StandardScaler().fit_transform(table.data.to_numpy()), table.target)
    np.testing.assert_allclose(
        pipeline.predict_proba(table.data),
        expected.predict_proba(StandardScaler().fit_transform(table.data.to_numpy())),
        atol=1e-4,
    )


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8, bool])
def test_pipeline_after_one_hot_encoding(output, dtype):
    frame = pd.DataFrame({"colour": ["red", "blue", "green"] * 10, "size": np.arange(30.0)})
    y = np.arange(30) % 3 == 0
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False, dtype=dtype), ["colour"]), (StandardScaler(), ["size"])
    )
    pipeline = make_pipeline(encode, SoftmaxRegression()).set_output(transform=output).fit(frame, y)
    assert pipeline.score(frame, y) == 1
    assert pipeline[-1].feature_names_in_.tolist() == [
        "onehotencoder__colour_blue",
        "onehotencoder__colour_green",
        "onehotencoder__colour_red",
        "standardscaler__size",
    ]


def test_pipeline_after_sparse_one_hot_encoding():
    frame = pd.DataFrame({"colour": ["red", "blue", "green"] * 10, "shape": ["a", "b"] * 15})
    y = np.arange(30) % 3 == 0
    pipeline = make_pipeline(OneHotEncoder(), SoftmaxRegression()).fit(frame, y)
    assert scipy.sparse.issparse(pipeline[:-1].transform(frame))
    assert pipeline.score(frame, y) == 1


# Metadata routing.


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_pipeline_passes_sample_weight_by_the_steps_name(data, rng):
    X, y = data
    weights = rng.uniform(0, 2, len(y))
    pipeline = make_pipeline(SoftmaxRegression()).fit(X, y, softmaxregression__sample_weight=weights)
    direct = SoftmaxRegression().fit(X, y, weights)
    assert np.array_equal(pipeline[-1].coef_, direct.coef_)


@pytest.mark.usefixtures("routing")
def test_requested_sample_weight_arrives(data, rng):
    X, y = data
    weights = rng.uniform(0, 2, len(y))
    model = SoftmaxRegression().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    search = GridSearchCV(make_pipeline(model), {"softmaxregression__C": [0.1, 10.0]}, cv=3)
    search.fit(X, y, sample_weight=weights)
    direct = SoftmaxRegression(C=search.best_params_["softmaxregression__C"]).fit(X, y, weights)
    np.testing.assert_array_equal(search.best_estimator_[-1].coef_, direct.coef_)


@pytest.mark.usefixtures("routing")
def test_sample_weight_that_nobody_asked_for_is_an_error(data, rng):
    X, y = data
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        GridSearchCV(SoftmaxRegression(), {"C": [1.0]}).fit(X, y, sample_weight=np.ones(len(y)))


@pytest.mark.usefixtures("routing")
def test_declined_sample_weight_does_not_arrive(data, rng):
    X, y = data
    model = SoftmaxRegression().set_fit_request(sample_weight=False)
    pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=True), model)
    pipeline.fit(X, y, sample_weight=rng.uniform(0, 2, len(y)))
    expected = SoftmaxRegression().fit(pipeline[0].transform(X), y)
    np.testing.assert_array_equal(pipeline[-1].coef_, expected.coef_)


@pytest.mark.usefixtures("routing")
def test_callback_is_no_metadata():
    assert set(SoftmaxRegression().get_metadata_routing().fit.requests) == {"sample_weight"}


def test_folds_without_a_class_keep_its_column(rng):
    X, y = rng.standard_normal((12, 2)), np.array([0, 1] * 5 + [2, 2])
    model = SoftmaxRegression(classes=[0, 1, 2])
    for train, test in StratifiedKFold(2).split(X, np.minimum(y, 1)):
        some = train[y[train] != 2]
        proba = model.fit(X[some], y[some]).predict_proba(X[test])
        assert proba.shape == (len(test), 3)
        assert (proba[:, 2] == 0).all()
