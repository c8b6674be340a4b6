"""Bring picohttpparser's two sources into this folder, or stop the build.

Knows where the pinned build requirement keeps them and what they must hash to (SHA256SUMS).
Refuses to know how they are compiled: `japy/_pico_build.py` calls `main` first, then does that.

Invariants:
- Nothing unverified is written here, and nothing unverified is left for the compiler to read.
- Sources that are here already (an sdist carries them) need no other package.
"""

import hashlib
import importlib.util
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Put every file that SHA256SUMS lists in place, verified."""
    for line in (HERE / "SHA256SUMS").read_text(encoding="ascii").splitlines():
        digest, name = line.split()
        target = HERE / name
        if target.exists():
            _verify(target, digest)
        else:
            source = _carrier() / name
            target.write_bytes(_verify(source, digest))


def _verify(path: Path, digest: str) -> bytes:
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise SystemExit(
            f"{path} is not the file that SHA256SUMS pins (expected sha256 {digest}; got {found}): "
            "delete it and build again, or install the gunicorn_h1c that pyproject.toml names."
        )
    return data


def _carrier() -> Path:
    spec = importlib.util.find_spec("gunicorn_h1c")
    if spec is None or spec.origin is None:
        raise SystemExit(
            f"picohttpparser's sources are not in {HERE}: build with build isolation, or install "
            "the gunicorn_h1c that pyproject.toml names under [build-system], which carries them."
        )
    return Path(spec.origin).parent / "picohttpparser"


if __name__ == "__main__":
    main()
