"""`python tests/rfc`: hold servers to the table; `python3 dev.py conformance` calls it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # `tests` is nowhere installed

from tests.rfc.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
