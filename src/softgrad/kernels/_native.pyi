import numpy as np
from numpy.typing import NDArray

def row_log_sum_exp(logits: NDArray[np.float64]) -> NDArray[np.float64]: ...
