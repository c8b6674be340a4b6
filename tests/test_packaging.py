"""What is shipped: the sdist, the wheel made from it, and the sources of picohttpparser in both.

Builds run in a copy, without isolation and so without a network, with the interpreted core: the
compiled wheel is judged by what pip recorded when it installed it for these tests.
"""

import hashlib
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

TOP = Path(__file__).parent.parent
SOURCES = ("picohttpparser.c", "picohttpparser.h")
SHIPPED = ("japy", "vendor", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py")
LICENCES = {"licenses/LICENSE", "licenses/vendor/picohttpparser/LICENSE"}


def copy_project(target: Path) -> Path:
    """Copy what a build needs, without what builds have left behind."""
    ignored = shutil.ignore_patterns("*.so", "__pycache__", ".*")
    target.mkdir()
    for name in SHIPPED:
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, target / name, ignore=ignored)
        else:
            shutil.copy(TOP / name, target / name)
    return target


def build(project: Path, kind: str) -> subprocess.CompletedProcess[str]:
    """Run the standard build tool over a copy, offline."""
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation"]
    return subprocess.run(
        [*command, "--skip-dependency-check", "."],
        cwd=project,
        env={**os.environ, "JAPY_PURE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist and unpack it."""
    project = copy_project(tmp_path_factory.mktemp("sdist") / "project")
    done = build(project, "sdist")
    assert done.returncode == 0, done.stdout
    (archive,) = project.glob("dist/*.tar.gz")
    # `extractall` must be told a filter from Python 3.12 on and must not before 3.11.4
    unpack = [sys.executable, "-W", "ignore", "-m", "tarfile", "--extract", str(archive)]
    subprocess.run([*unpack, str(project / "unpacked")], check=True)
    (folder,) = project.glob("unpacked/*")
    return folder


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an interpreted wheel from the sdist, over the leftovers of a compiled build."""
    assert importlib.util.find_spec("gunicorn_h1c") is None, "an sdist must build without it"
    project = tmp_path_factory.mktemp("wheel") / "project"
    shutil.copytree(sdist, project)
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    for stale in ("japy/core/parser", "japy__mypyc", "build/lib/japy/core/router"):
        (project / f"{stale}{suffix}").parent.mkdir(parents=True, exist_ok=True)
        (project / f"{stale}{suffix}").touch()
    done = build(project, "wheel")
    assert done.returncode == 0, done.stdout
    (built,) = project.glob("dist/*.whl")
    return built


def in_dist_info(names: set[str]) -> set[str]:
    """Return the names of a wheel's metadata files, without their folder."""
    return {name.partition(".dist-info/")[2] for name in names if ".dist-info/" in name}


def package_files() -> set[str]:
    """Return what of the package has to be in every wheel."""
    kinds = ("*.py", "*.pyi", "py.typed")
    found = {str(path.relative_to(TOP)) for kind in kinds for path in TOP.glob(f"japy/**/{kind}")}
    assert {"japy/py.typed", "japy/_pico.pyi", "japy/core/parser.py"} <= found
    return found


def test_the_sdist_carries_the_verified_sources(sdist: Path) -> None:
    vendor = sdist / "vendor" / "picohttpparser"
    for line in (TOP / "vendor/picohttpparser/SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest
    shipped = {path.name for path in vendor.iterdir()}
    assert shipped >= {*SOURCES, "README.md", "LICENSE", "SHA256SUMS", "fetch.py"}


def test_the_sdist_carries_the_package_and_nothing_generated(sdist: Path) -> None:
    names = {str(path.relative_to(sdist)) for path in sdist.rglob("*") if path.is_file()}
    assert names >= package_files() | {"LICENSE", "README.md", "pyproject.toml", "setup.py"}
    assert not [name for name in names if name.endswith((".so", ".o", ".pyc"))]
    assert {Path(name).name for name in names if name.endswith((".c", ".h"))} == {*SOURCES}


def test_a_wheel_from_the_sdist_holds_this_build_and_no_leftovers(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    outside = {name for name in names if ".dist-info/" not in name}
    assert outside == package_files() | {"japy/_pico.abi3.so"}
    assert in_dist_info(names) >= LICENCES


def test_the_interpreted_wheel_runs_where_nothing_else_is(wheel: Path, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(tmp_path), str(wheel)], check=True)
    command = [sys.executable, "-m", "japy", "--version"]
    env = {"PATH": "", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "interpreted" in done.stdout


def test_the_compiled_wheel_holds_every_module_of_core_compiled() -> None:
    installed = importlib.metadata.distribution("japy-http")
    names = {str(path) for path in installed.files or () if path.suffix != ".pyc"}
    if any(name.startswith("__editable__") for name in names):
        pytest.skip("japy is installed editable here: no wheel to look at")
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    core = {path.stem for path in TOP.glob("japy/core/*.py")} - {"__init__"}
    extensions = {f"japy/core/{name}{suffix}" for name in core} | {"japy/_pico.abi3.so"}
    outside = {name for name in names if ".dist-info/" not in name and not name.startswith("..")}
    group = {name for name in outside if name.startswith("japy__mypyc.")}
    assert len(group) == 1
    assert outside == package_files() | extensions | group
    assert in_dist_info(names) >= LICENCES


def test_the_licence_is_the_one_in_the_sources() -> None:
    vendor = TOP / "vendor" / "picohttpparser"
    comment = (vendor / "picohttpparser.c").read_text().split("*/")[0].lstrip("/*")
    words = [word for word in comment.split() if word != "*"]
    notice, grant = words.index("Copyright"), words.index("Permission")
    shipped = (vendor / "LICENSE").read_text().split()
    after_first_line = shipped[shipped.index("Copyright") :]
    dual = words.index("The")
    assert after_first_line == words[notice:dual] + words[grant:]


def test_a_changed_source_stops_the_build_with_a_sentence(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    with (project / "vendor/picohttpparser/picohttpparser.c").open("a") as source:
        source.write("\n")
    done = build(project, "wheel")
    assert done.returncode != 0
    assert "picohttpparser.c is not the file that SHA256SUMS pins" in done.stdout
    assert not list(project.glob("dist/*"))


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """Return a copy of the vendor folder as git has it: without the sources."""
    folder = tmp_path / "picohttpparser"
    shutil.copytree(TOP / "vendor/picohttpparser", folder, ignore=lambda *_: SOURCES)
    return folder


@pytest.fixture
def carrier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a package that carries the sources, laid out as the real one."""
    folder = tmp_path / "site" / "gunicorn_h1c" / "picohttpparser"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    for name in SOURCES:
        shutil.copy(TOP / "vendor/picohttpparser" / name, folder)
    monkeypatch.syspath_prepend(tmp_path / "site")
    return folder


def fetch(vendor: Path) -> Callable[[], None]:
    """Return the entry point that the build calls."""
    main: Callable[[], None] = runpy.run_path(str(vendor / "fetch.py"))["main"]
    return main


def test_missing_sources_come_from_the_build_requirement(vendor: Path, carrier: Path) -> None:
    fetch(vendor)()
    for name in SOURCES:
        assert (vendor / name).read_bytes() == (carrier / name).read_bytes()


def test_a_changed_build_requirement_is_refused_and_not_copied(vendor: Path, carrier: Path) -> None:
    (carrier / "picohttpparser.c").write_text("int main;")
    with pytest.raises(SystemExit, match=r"picohttpparser\.c is not the file that SHA256SUMS pins"):
        fetch(vendor)()
    assert not (vendor / "picohttpparser.c").exists()


def test_missing_build_requirement_is_named(vendor: Path) -> None:
    with pytest.raises(SystemExit, match="install the gunicorn_h1c that pyproject"):
        fetch(vendor)()
