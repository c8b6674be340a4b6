"""How the fuzz files find the tests' support, and how long they search.

More or fewer examples: `--hypothesis-profile=long` or `=short`.
"""

import sys
from pathlib import Path

from hypothesis import settings

# The checkout comes last: japy is what is installed, not what lies here.
sys.path.append(str(Path(__file__).parent.parent))

for name, examples in (("short", 500), ("fuzz", 5_000), ("long", 100_000)):
    settings.register_profile(name, max_examples=examples, deadline=None)
settings.load_profile("fuzz")
