"""Floor 1: what one block of rows contributes, in plain NumPy (the oracle of every faster twin)."""
