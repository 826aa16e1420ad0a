"""``softgrad fit``: in memory where the data fit, else streamed from disk."""

from typing import Any

from softgrad.cli import fit, fit_stream
from softgrad.cli.files import check_checkpoint_path, check_model_path, check_report_path
from softgrad.cli.fit_request import Request
from softgrad.cli.streams import would_stream

__all__ = ["run"]


def run(request: Request) -> dict[str, Any]:
    """Carry out ``softgrad fit`` and return all that there is to tell about it.

    Raises
    ------
    UserError, TableError, CheckpointError
        For a mistake in the data or in the paths.
    """
    if request.model is not None:
        check_model_path(request.model, request.data)
    if request.report is not None:
        check_report_path(request.report, request.data, request.model)
    if request.checkpoint is not None:
        check_checkpoint_path(request.checkpoint, request.data, request.model)
    asked = request.cache is not None or request.checkpoint is not None or request.resume
    streams = asked or would_stream(request.data, request.memory_limit)
    return fit_stream.run(request) if streams else fit.run(request)
