"""`python bench/router`: what it costs to find a route, with ten routes and with ten thousand."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: japy is what is installed

from bench.router.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
