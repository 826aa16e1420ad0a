"""``python -m softgrad`` is the command ``softgrad``."""

from softgrad.cli import main

if __name__ == "__main__":
    main()
