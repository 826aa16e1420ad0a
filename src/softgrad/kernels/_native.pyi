from typing import Any

def instruction_sets() -> dict[str, int]: ...
def run(
    isa: int,
    n_threads: int,
    step: int,
    single: bool,
    backward: bool,
    n_classes: int,
    directions: int,
    overwrites: bool,
    t: float,
    X: Any,
    offsets: Any,
    coef: Any,
    start: Any,
    codes: Any,
    soft: Any,
    shares: Any,
    logits: Any,
    other: Any,
    sums: Any,
) -> None: ...
