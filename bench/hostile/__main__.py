"""`python bench/hostile`: clients that mean harm, and what becomes of the others."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # `bench` is nowhere installed

from bench.hostile.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
