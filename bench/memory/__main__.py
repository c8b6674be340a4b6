"""`python bench/memory`: what an idle connection costs, and whether memory grows with requests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # `bench` is nowhere installed

from bench.memory.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
