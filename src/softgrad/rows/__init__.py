"""Floor 2: where the rows live. Each source sums its blocks' maths behind one protocol, rows/base.py."""
