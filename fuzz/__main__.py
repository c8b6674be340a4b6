"""`python fuzz --minutes 10`: search for inputs that break a promise of japy's."""

import sys
from pathlib import Path

# The checkout comes last: japy is what is installed, not what lies here.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from fuzz.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
