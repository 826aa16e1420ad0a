"""``softgrad export``: a model file as an ONNX file."""

from pathlib import Path

from softgrad import modelfile
from softgrad.cli.exits import UserError
from softgrad.cli.files import check_output_path
from softgrad.extras import required
from softgrad.onnxfile import save_onnx
from softgrad.table.errors import counted, quote

__all__ = ["run"]

_OURS = b"\x12\x08softgrad"  # the producer's name, which comes second in a file of ours


def run(model: str, output: str, dtype: str) -> str:
    """Write the ONNX file, whole or not at all; return the line that says so.

    Raises
    ------
    UserError, ModelFileError, ModuleNotFoundError
        One sentence.
    """
    required("onnx", "an ONNX file")
    check_output_path(output, (model,))
    path = Path(output)
    if path.is_file() and path.stat().st_size and not _is_ours(path):
        raise UserError(
            f"{quote(output)} exists and is not an ONNX file that softgrad wrote: give another name, or remove it"
        )
    estimator, columns = modelfile.load_with_columns(model)
    save_onnx(path, estimator, columns, dtype)
    n_columns = len(columns.names) if columns else estimator.n_features_in_
    inputs = f"one input X of {counted(n_columns, 'column')}"
    if columns and not columns.all_numbers:
        inputs = f"an input for each of {counted(n_columns, 'column')}"
    classes = counted(len(estimator.classes_), "class", "classes")
    return f"{output}: {path.stat().st_size / 1000:.0f} kB, {inputs}, {classes}"


def _is_ours(path: Path) -> bool:
    with path.open("rb") as stream:
        return _OURS in stream.read(16)
