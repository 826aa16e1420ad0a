"""PyTorch's weight_decay on the weights of a linear layer below its cross entropy."""

import numpy as np
import pytest

from softgrad.migration import PYTORCH
from tests.peers.rows import centred, check_same_fit, rows

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("n_classes", [2, 3])
def test_weight_decay(n_classes):
    data = centred(rows(n_classes))
    torch.set_num_threads(1)
    X, y = torch.tensor(data.X), torch.tensor(data.y)
    layer = torch.nn.Linear(4, n_classes, dtype=torch.float64)
    groups = [{"params": [layer.weight], "weight_decay": 0.05}, {"params": [layer.bias], "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=0.2, momentum=0.9)
    loss = torch.nn.CrossEntropyLoss()
    for _ in range(3000):
        optimizer.zero_grad()
        loss(layer(X), y).backward()
        optimizer.step()
    with torch.no_grad():
        theirs = torch.softmax(layer(X), dim=1).numpy()
    check_same_fit(PYTORCH, 0.05, data, np.asarray(theirs), 1e-8)
