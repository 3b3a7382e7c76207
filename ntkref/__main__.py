"""``python -m ntkref``."""

import sys

from .cli import main

if __name__ == "__main__":  # not in the processes that run chapters
    sys.exit(main())
