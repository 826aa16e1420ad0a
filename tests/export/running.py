"""Run an ONNX file with onnxruntime."""

from typing import Any

import numpy as np
import onnx
import onnxruntime

__all__ = ["Refused", "checked", "session", "tensors"]

Refused = onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument
Array = np.ndarray[Any, Any]


def checked(path: Any) -> onnx.ModelProto:
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    return model


def session(path: Any) -> onnxruntime.InferenceSession:
    checked(path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # refusals are also printed otherwise
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def tensors(running: onnxruntime.InferenceSession, table: Any) -> dict[str, Array]:
    """A pandas frame as what the graph takes: one (n, 1) tensor for each column."""
    types = {
        "tensor(string)": object,
        "tensor(bool)": bool,
        "tensor(float)": np.float32,
        "tensor(double)": float,
    }
    return {
        item.name: table[[item.name]].to_numpy(dtype=types[item.type], copy=True)
        for item in running.get_inputs()
    }
