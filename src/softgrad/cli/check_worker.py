"""The process that runs a user's file for ``softgrad check``: ``python -m softgrad.cli.check_worker FOLDER``.

The folder holds request.json and data.npz; the result goes there as result.json. The user's file is imported here
and nowhere else, under limits on memory, CPU time and file size where the system has them. This guards against
accidents; it is no sandbox.
"""

import contextlib
import importlib.util
import json
import math
import os
import sys
import traceback
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.checker import check_gradient
from softgrad.conventions import COLUMNS, LOG_LIKELIHOOD, NUMPY, PER_CLASS
from softgrad.maths.convention import Convention
from softgrad.table.errors import quote, suggestion

__all__ = ["CONVENTIONS", "DATA", "REQUEST", "RESULT", "main"]

CONVENTIONS = {
    "numpy": NUMPY,
    "per-class": PER_CLASS,
    "log-likelihood": LOG_LIKELIHOOD,
    "columns": COLUMNS,
}
REQUEST, DATA, RESULT = "request.json", "data.npz", "result.json"

_ADDRESS_SPACE = 16 * 2**30
_FILE_SIZE = 64 * 2**20

Array = npt.NDArray[Any]
Request = dict[str, Any]


class _CannotCheckError(Exception):
    """Why the file cannot be checked, in one sentence."""


def main(folder: Path) -> None:
    """Check what the request asks for, write the result, and end the process, whatever threads it has left."""
    request: Request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    _limit_resources(float(request["time_limit"]))
    sys.dont_write_bytecode = True
    with np.load(folder / DATA, allow_pickle=False) as archive:
        data = {name: archive[name] for name in archive.files}
    try:
        result = _check(request, data)
    except _CannotCheckError as error:
        result = {"error": str(error)}
    part = folder / f"{RESULT}.part"
    part.write_text(json.dumps(_plain(result)), encoding="utf-8")
    part.replace(folder / RESULT)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(0)


def _check(request: Request, data: dict[str, Array]) -> dict[str, Any]:
    file = str(request["file"])
    module = _import(file)
    gradient = _function(module, file, request["gradient"])
    value = _value(module, request)
    name = _convention_name(module, request)
    X, y, n_classes = _laid_out(CONVENTIONS[name], name, data)
    try:
        report = check_gradient(
            gradient,
            value,
            X=X,
            y=y,
            convention=CONVENTIONS[name],
            alpha=request["alpha"],
            penalize_intercept=request["penalize_intercept"],
            n_classes=n_classes,
        )
    except ValueError as error:
        raise _CannotCheckError(f"the data do not suit the check: {error}") from error
    except Exception as error:
        traceback.print_exc()
        kind = type(error).__name__
        raise _CannotCheckError(
            f"the check of {_short(file)} failed with {kind}, a fault of softgrad"
        ) from error
    except BaseException as error:
        raise _CannotCheckError(f"{_short(file)} {_ended(error)} when its function is called") from error
    return {"report": report.to_dict(), "convention": name}


def _limit_resources(time_limit: float) -> None:
    """Generous limits that the children of this process inherit; a system may refuse any of them."""
    if sys.platform == "win32":
        return
    import resource

    wanted = {
        resource.RLIMIT_AS: _ADDRESS_SPACE,
        resource.RLIMIT_CPU: math.ceil(4 * time_limit) + 10,  # threads add up
        resource.RLIMIT_FSIZE: _FILE_SIZE,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in wanted.items():
        with contextlib.suppress(OSError, ValueError):
            hard = resource.getrlimit(kind)[1]
            limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(kind, (limit, limit))


def _import(file: str) -> ModuleType:
    """The user's module, under a name that shadows no other; files beside it can be imported.

    The import fails here with a sentence, whatever it raises.
    """
    folder = str(Path(file).parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    loader = SourceFileLoader(f"_checked_{len(sys.modules)}", file)
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module
    try:
        loader.exec_module(module)
    except SyntaxError as error:
        place = f" in line {error.lineno}" if error.lineno else ""
        raise _CannotCheckError(
            f"{_short(file)} is no valid Python{place}: {_one_line(error.msg)}"
        ) from error
    except BaseException as error:
        line = _line(error, file)
        raise _CannotCheckError(f"{_short(file)} {_ended(error)}{line} when it is imported") from error
    return module


def _function(module: ModuleType, file: str, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if callable(found):
        return found  # type: ignore[no-any-return]
    if found is not None:
        raise _CannotCheckError(f"{quote(name)} in {_short(file)} is no function, but {type(found).__name__}")
    known = [key for key, item in vars(module).items() if callable(item) and not key.startswith("_")]
    hint = suggestion(name, known) if known else "it defines none at all"
    raise _CannotCheckError(f"{_short(file)} has no function {quote(name)}: {hint}")


def _value(module: ModuleType, request: Request) -> Callable[..., Any] | None:
    """The function that was asked for, else the first that is there of those that may be."""
    if request["value"] is not None:
        file = str(request["value_file"] or request["file"])
        return _function(module if file == request["file"] else _import(file), file, request["value"])
    return next((f for name in request["maybe_values"] if callable(f := getattr(module, name, None))), None)


def _convention_name(module: ModuleType, request: Request) -> str:
    own = getattr(module, "CONVENTION", None) if request["file_may_say"] else None
    name = request["convention"] if own is None else own
    if not isinstance(name, str) or name not in CONVENTIONS:
        raise _CannotCheckError(
            f"CONVENTION = {_one_line(repr(name))[:60]} in {_short(request['file'])} is none of "
            f"{', '.join(CONVENTIONS)}: correct it"
        )
    return name


def _laid_out(convention: Convention, name: str, data: dict[str, Array]) -> tuple[Array, Array, int]:
    """X and y as the convention has them, from rows and codes, and the number of classes."""
    part = "_pixels" if name == "log-likelihood" and "X_pixels" in data else ""
    rows, codes = data[f"X{part}"], data[f"y{part}"]
    K = int(data[f"K{part}"])
    intercept = None if convention.intercept == "none" else np.zeros(K)
    _, X, y, _, _ = convention.from_canonical(np.zeros((K, rows.shape[1])), intercept, rows, codes)
    return np.ascontiguousarray(X), np.ascontiguousarray(y), K


def _ended(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "ends the program (sys.exit)"
    text = _one_line(str(error))[:200]
    return f"raises {type(error).__name__}" + (f" ({text})" if text else "")


def _line(error: BaseException, file: str) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" in line {lines[-1]}" if lines else ""


def _short(file: str) -> str:
    return quote(Path(file).name)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plain(value: Any) -> Any:
    """What JSON can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
