"""The right lines of code in the user's convention, and the equations they come from."""

from dataclasses import dataclass

from softgrad.maths.convention import Convention


@dataclass(frozen=True)
class Lines:
    """One line of NumPy for each step of the derivation."""

    logits: str
    softmax: str
    labels: str
    residual: str
    weights: str
    intercept: str
    penalty: str
    penalty_b: str
    value: str


def right_lines(convention: Convention, alpha: float) -> Lines:
    """The steps from logits to gradient as a student would write them in this convention."""
    rows = convention.samples == "rows"
    n = "X.shape[0]" if rows else "X.shape[1]"
    scale = f" / {n}" if convention.reduction == "mean" else ""
    sign = "+" if convention.objective == "loss" else "-"
    axis = 1 if rows else 0
    one_hot = "Y = np.eye(K)[y]" if rows else "Y = np.eye(K)[:, y]"
    kept = ", keepdims=True" if not rows else ""
    data = f"-np.sum(Y * np.log(P)){scale}" if sign == "+" else f"np.sum(Y * np.log(P)){scale}"
    return Lines(
        logits=_logits(convention),
        softmax=f"E = np.exp(Z - Z.max(axis={axis}, keepdims=True)); P = E / E.sum(axis={axis}, keepdims=True)",
        labels=one_hot if convention.labels == "index" else "Y = y",
        residual="R = P - Y" if convention.objective == "loss" else "R = Y - P",
        weights=f"dW = {_product(convention)}{scale}",
        intercept=_intercept(convention, f"R.sum(axis={1 - axis}{kept}){scale}", scale),
        penalty=_penalty(convention, f"{sign}= {alpha:g}"),
        penalty_b=f"db {sign}= {alpha:g} * b"
        if convention.intercept == "separate"
        else f"dW {sign}= {alpha:g} * W",
        value=f"value = {data}" + (f" {sign} {alpha:g} / 2 * np.sum(W**2)" if alpha else ""),
    )


def _logits(convention: Convention) -> str:
    rows = convention.samples == "rows"
    W = "W" if (convention.weights == "features_by_classes") == rows else "W.T"
    return (f"Z = X @ {W}" if rows else f"Z = {W} @ X") + (
        " + b" if convention.intercept == "separate" else ""
    )


def _product(convention: Convention) -> str:
    by_features = convention.weights == "features_by_classes"
    if convention.samples == "rows":
        return "X.T @ R" if by_features else "R.T @ X"
    return "X @ R.T" if by_features else "R @ X.T"


def _constant(convention: Convention) -> str:
    """Where the folded intercept's entries are in W."""
    place = "0" if convention.intercept == "first" else "-1"
    return f"[{place}]" if convention.weights == "features_by_classes" else f"[:, {place}]"


def _intercept(convention: Convention, separate: str, scale: str) -> str:
    if convention.intercept == "separate":
        return f"db = {separate}"
    return f"dW = {_product(convention)}{scale}  # with the constant feature: its entries are dW{_constant(convention)}"


def _penalty(convention: Convention, amount: str) -> str:
    if convention.intercept not in ("first", "last"):
        return f"dW {amount} * W"
    kept = "1:" if convention.intercept == "first" else ":-1"
    place = f"[{kept}]" if convention.weights == "features_by_classes" else f"[:, {kept}]"
    return (
        f"dW{place} {amount} * W{place}  # the constant feature's entries, the intercept, are not penalised"
    )


EQUATIONS = {
    "NUMPY": {
        "softmax": "document 1 (NUMPY), the definition of s_k: s_k = exp(z_k) / sum_j exp(z_j)",
        "residual": "document 1 (NUMPY), 'Putting pieces together': dJ/dz = s - y",
        "weights": "document 1 (NUMPY), its last equation: dJ/dw = -(1/m) x' (y - s)",
    },
    "PER_CLASS": {
        "softmax": "document 2 (PER_CLASS), equation (1): f_k = exp(z_k) / sum_j exp(z_j)",
        "residual": "document 2 (PER_CLASS), equation (2): dJ_i/dz_k = f_k - 1[y_i = k]",
        "weights": "document 2 (PER_CLASS), equation (3): dJ/dw_k = (1/m) sum_i (f_k - 1[y_i = k]) x_i",
    },
    "LOG_LIKELIHOOD": {
        "softmax": "document 3 (LOG_LIKELIHOOD), the definition of P(y_k | x)",
        "residual": "document 3 (LOG_LIKELIHOOD), the derivative of the log-likelihood: y_ni - softmax_i",
        "weights": "document 3 (LOG_LIKELIHOOD), its last equation: dL/dw_ij = sum_n (y_ni - softmax_i) x_j",
    },
    "COLUMNS": {
        "softmax": "document 4 (COLUMNS), equation (1): a_k = exp(z_k) / sum_j exp(z_j)",
        "residual": "document 4 (COLUMNS), equation (10): dL/dZ = (1/n) (A - Y)",
        "weights": "document 4 (COLUMNS), equation (13): dL/dtheta = (1/n) (A - Y) X'",
    },
}


def equation(convention: Convention, step: str, alpha: float) -> str:
    """Which equation of which document is the right line, for "softmax", "residual", "weights", ...

    The four presets name their own document; other conventions the nearest one.
    """
    if step == "penalty":
        sign = "" if convention.objective == "loss" else "-"
        return f"the penalty {sign}{alpha:g}/2 * ||W||^2 has the derivative {sign}{alpha:g} * W"
    if step == "intercept":
        return "document 4 (COLUMNS), equation (16): dL/db = sum((1/n) (A - Y), axis = 1)"
    return EQUATIONS[_nearest(convention)].get(step, "")


def _nearest(convention: Convention) -> str:
    if convention.samples == "columns":
        return "COLUMNS"
    if convention.objective == "log_likelihood":
        return "LOG_LIKELIHOOD"
    return "NUMPY" if convention.weights == "features_by_classes" else "PER_CLASS"
