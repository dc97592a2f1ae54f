"""The packages hold what they should and no more, and the source distribution can be tested by itself."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    path.relative_to(ROOT / "src").as_posix()
    for path in (ROOT / "src").rglob("*")
    if path.suffix == ".py" or path.name == "py.typed"
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    if not (ROOT.parents[1] / "conformance").exists():
        pytest.skip("a source distribution is made in Doorward's own repository")
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_wheel(built: Path) -> None:
    [path] = built.glob("*.whl")
    assert path.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        [metadata] = [name for name in names if name.endswith("METADATA")]
        told = wheel.read(metadata).decode()
    modules = {name for name in names if ".dist-info/" not in name}
    assert modules == MODULES
    assert {"doorward/guard/py.typed", "doorward_flask/py.typed"} < modules
    # Other distributions of Doorward's may share the name.
    assert "doorward/__init__.py" not in modules
    information = {name.partition(".dist-info/")[2] for name in names - modules}
    assert information == {"METADATA", "WHEEL", "RECORD", "licenses/LICENSE-MIT", "licenses/LICENSE-APACHE"}
    required = {line for line in told.splitlines() if line.startswith("Requires-Dist: ")}
    assert required == {"Requires-Dist: cryptography>=41", "Requires-Dist: flask>=1.1"}


def test_the_source_distribution(built: Path, tmp_path: Path) -> None:
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as source:
        names = {member.name.partition("/")[2] for member in source.getmembers() if member.isfile()}
        top = source.getnames()[0].partition("/")[0]
        source.extractall(tmp_path)
    tests = {f"tests/{file.name}" for file in (ROOT / "tests").glob("*.py")}
    others = {
        "PKG-INFO",
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "pyproject.toml",
        "tox.ini",
        "requirements-flask-1.1.txt",
        "requirements-test.txt",
        "conformance/guard.jsonl",
    }
    # hatchling always puts in the rules by which it left things out.
    assert names - {".gitignore"} == {f"src/{module}" for module in MODULES} | tests | others
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/test_vectors.py", "tests/test_tokens.py"],
        cwd=tmp_path / top, env={**os.environ, "PYTHONPATH": "src"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
