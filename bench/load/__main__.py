"""`python bench/load`: compare japy with other servers under load."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # `bench` is nowhere installed

from bench.load.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
