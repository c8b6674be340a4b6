"""`python -m japy` is the command `japy`."""

import sys

from japy.cli import main as main

if __name__ == "__main__":
    sys.exit(main())
