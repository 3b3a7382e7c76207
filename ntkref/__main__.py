"""``python -m ntkref``."""

import sys

from .cli import main

sys.exit(main())
