from typing import Any

class Request:
    def __init__(
        self,
        isa: int,
        n_threads: int,
        step: int,
        single: bool,
        backward: bool,
        n_classes: int,
        directions: int,
        overwrites: bool,
        t: float,
        offsets: Any,
        coef: Any,
        start: Any,
        base: Any,
        base_start: Any,
        codes: Any,
        soft: Any,
        shares: Any,
        logits: Any,
        other: Any,
        rows: Any,
        sums: Any,
    ) -> None: ...

def instruction_sets() -> dict[str, int]: ...
def run(request: Request, X: Any) -> None: ...
def run_sparse(request: Request, n: int, d: int, rows: Any, bounds: Any, splits: Any) -> None: ...
