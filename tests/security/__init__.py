"""Files, names and code of others: what may never happen."""
