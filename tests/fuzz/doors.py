"""What reads a file that may be anything: each door lets it in, and uses it, or refuses it in one sentence."""

from pathlib import Path

import numpy as np

import softgrad
from softgrad import modelfile
from softgrad.checkpointfile import CheckpointError, CheckpointFile
from softgrad.modelfile import ModelFileError
from softgrad.optimize.driver import Checkpoint
from softgrad.table import TableError
from softgrad.table.read import read_table
from tests.fuzz.originals import X, Y
from tests.fuzz.refusals import Refused, answer, quietly

__all__ = ["goes_on", "loads", "reads"]


def loads(path: Path) -> None:
    """The model in the file predicts, or refuses its own parameters in a sentence; or the file is refused."""
    model = answer(softgrad.load, path, kinds=(ModelFileError,))
    if isinstance(model, Refused):
        assert isinstance(answer(modelfile.describe, path, kinds=(ModelFileError,)), Refused | dict)
        return
    rows = np.zeros((2, model.n_features_in_))
    model.__dict__.pop("feature_names_in_", None)
    predicted = answer(model.predict, rows)
    assert isinstance(predicted, Refused) or set(predicted.tolist()) <= set(model.classes_.tolist())
    assert repr(model)
    assert model._html_repr()
    quietly(model.fit, X, Y)


def goes_on(path: Path) -> None:
    """The checkpoint in the file is of a state that a fit may have been in, or is refused."""
    found = answer(CheckpointFile(path, {"rows": "1"}).load, kinds=(CheckpointError,))
    if not isinstance(found, Refused):
        assert isinstance(found, Checkpoint)
        assert len(found.history[-1]) == 5
        assert found.state.params.shape == found.best.shape
        assert np.isfinite(found.best).all()


def reads(path: Path) -> None:
    """The table in the file is read whole and block by block, and fitted; or refused."""
    table = answer(read_table, str(path), kinds=(TableError,))
    if not isinstance(table, Refused):
        assert table.num_rows > 0
        assert len(set(table.column_names)) == len(table.column_names)
    rows = answer(softgrad.open_rows, path, target="y", kinds=(TableError,))
    if isinstance(rows, Refused):
        return
    model = softgrad.SoftmaxRegression(max_iter=5)
    found = quietly(model.fit, rows, kinds=(ValueError,))
    assert isinstance(found, Refused) or np.isfinite(model.coef_).all()
