"""`python fuzz/coverage --seconds 600`: look for inputs that break the parser, led by coverage."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # `fuzz` is nowhere installed

from fuzz.coverage.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
