"""Data tables larger than memory: read batch by batch, encoded block by block, kept on disk compactly."""
