"""Floor 3: the gradient checker. It says which mistake a hand-written gradient makes, from numbers alone."""
