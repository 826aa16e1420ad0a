"""Spark's regParam, with and without its scaling of the columns; needs Java."""

import shutil

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from softgrad import SoftmaxRegression
from softgrad.migration import SPARK
from tests.peers.rows import check_same_fit, rows

pytest.importorskip("pyspark")
pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="needs Java 17 or newer"),
    pytest.mark.filterwarnings("ignore"),
]
REG = 0.05


@pytest.fixture(scope="module")
def spark():
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
    session = session.config("spark.sql.shuffle.partitions", "1").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def theirs(spark, data, *, weights=None, **params):
    """Spark's probabilities of the rows."""
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.linalg import Vectors

    weights = np.ones(len(data.y)) if weights is None else weights
    table = [
        (float(label), Vectors.dense(row.tolist()), float(weight))
        for label, row, weight in zip(data.y, data.X, weights, strict=True)
    ]
    frame = spark.createDataFrame(table, ["label", "features", "weight"]).coalesce(1)
    model = LogisticRegression(
        regParam=REG, elasticNetParam=0.0, tol=1e-13, maxIter=2000, weightCol="weight", **params
    ).fit(frame)
    return np.array(
        [row.probability.toArray() for row in model.transform(frame).select("probability").collect()]
    )


@pytest.mark.parametrize(("n_classes", "weighted"), [(3, False), (3, True), (2, False)])
def test_regparam_without_standardization(spark, n_classes, weighted):
    data = rows(n_classes)
    weights = data.weights if weighted else None
    found = theirs(spark, data, weights=weights, standardization=False)
    check_same_fit(SPARK, REG, data, found, 1e-6, weights)


def test_its_standardised_columns_have_the_sample_deviation(spark):
    """Spark's default: StandardScaler's columns, and n / (n - 1) times the strength."""
    data = rows(3)
    n = len(data.y)
    C = SPARK.to_C(REG * n / (n - 1), **data.sizes)
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression(C=C, tol=1e-13)).fit(data.X, data.y)
    assert_allclose(pipeline.predict_proba(data.X), theirs(spark, data), rtol=0, atol=1e-6)
