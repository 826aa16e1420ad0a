"""Learning from an endless stream: each batch once, in memory that does not grow."""
