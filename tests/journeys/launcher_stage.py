"""A tiny project for the real launcher: same files, but packages of a few bytes from a local folder."""

import base64
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

PYPROJECT = """
[build-system]
requires = ["tinybuild==1.0"]
build-backend = "tinybuild"

[project]
name = "brewslm"
version = "0.1.0"
dependencies = ["tinycore>=1"]

[project.optional-dependencies]
train = ["tinytrain>=1"]
dev = ["tinydev>=1"]

[project.scripts]
brewslm = "tiny:main"
"""

# A build backend in one file: it answers pip's three questions for an editable install. It waits as long as a file
# named `hold` lies in the project, so that a test can stop setup at a known moment.
BACKEND = '''
import os, time, zipfile
METADATA = """Metadata-Version: 2.1
Name: brewslm
Version: 0.1.0
Requires-Dist: tinycore>=1
Requires-Dist: tinytrain>=1; extra == "train"
Requires-Dist: tinydev>=1; extra == "dev"
Provides-Extra: train
Provides-Extra: dev
"""
CODE = """import sys
def main():
    import tinycore
    print("ran", *sys.argv[1:])
    return 7 if sys.argv[1:] == ["fail"] else 0
"""
def build_editable(folder, config_settings=None, metadata_directory=None):
    open("building", "w").close()
    while os.path.exists("hold"):
        time.sleep(0.02)
    name = "brewslm-0.1.0-py3-none-any.whl"
    files = {
        "tiny.py": CODE,
        "brewslm-0.1.0.dist-info/METADATA": METADATA,
        "brewslm-0.1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "brewslm-0.1.0.dist-info/entry_points.txt": "[console_scripts]\\nbrewslm = tiny:main\\n",
    }
    record = "".join(f"{path},,\\n" for path in files) + "brewslm-0.1.0.dist-info/RECORD,,\\n"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for path, text in {**files, "brewslm-0.1.0.dist-info/RECORD": record}.items():
            wheel.writestr(path, text)
    return name
'''


class Stage:
    """A project folder with the launcher in it, and a folder of wheels in place of an index."""

    def __init__(self, folder: Path, *, name: str = "a project") -> None:
        self.root = folder / name
        self.wheels = folder / "wheels"
        self.wheels.mkdir(exist_ok=True)
        (self.root / "tools").mkdir(parents=True)
        shutil.copy2(REPOSITORY / "brewslm", self.root / "brewslm")
        shutil.copy2(REPOSITORY / "tools" / "launch.py", self.root / "tools" / "launch.py")
        shutil.copytree(
            REPOSITORY / "tools" / "launcher",
            self.root / "tools" / "launcher",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        (self.root / "pyproject.toml").write_text(PYPROJECT)
        (self.root / "constraints.txt").write_text("tinybuild==1.0\ntinycore==1.0\ntinytrain==1.0\ntinydev==1.0\n")
        self.add_wheel("tinybuild", {"tinybuild.py": BACKEND})
        for package in ("tinycore", "tinytrain", "tinydev"):
            self.add_wheel(package, {f"{package}/__init__.py": "", f"{package}/part.py": "VALUE = 1\n"})

    def copy_venv(self, template: Path) -> None:
        """Lay a virtual environment without packages here, as if setup had been stopped just after making it."""
        shutil.copytree(template, self.root / ".venv", symlinks=True)
        (self.root / ".venv" / ".brewslm-unfinished").write_text("made\n")

    def add_wheel(self, package: str, files: dict[str, str], *, version: str = "1.0") -> None:
        info = f"{package}-{version}.dist-info"
        files = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{path},{_digest(text)},{len(text.encode())}\n" for path, text in files.items())
        with zipfile.ZipFile(self.wheels / f"{package}-{version}-py3-none-any.whl", "w") as wheel:
            for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
                wheel.writestr(path, text)

    def add_installed(self, package: str) -> None:
        """Add the wheel of a package as it is installed beside these tests."""
        found = importlib.metadata.distribution(package)
        files = [file for file in found.files or () if ".." not in file.parts and file.suffix != ".pyc"]
        left_out = {"INSTALLER", "REQUESTED", "direct_url.json"}
        with zipfile.ZipFile(self.wheels / f"{package}-{found.version}-py3-none-any.whl", "w") as wheel:
            for file in files:
                if file.name not in left_out:
                    wheel.writestr(str(file), Path(str(found.locate_file(file))).read_bytes())

    def lock(self, *packages: str) -> None:
        """Write hashes.txt over the wheels that there are of these packages."""
        lines = []
        for package in packages:
            wheel = next(self.wheels.glob(f"{package}-*.whl"))
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            lines.append(f"{package}=={wheel.name.split('-')[1]} \\\n    --hash=sha256:{digest}\n")
        (self.root / "hashes.txt").write_text("".join(lines))

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "BREWSLM_", "PYTHON"))}
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}
        return {**kept, **pip, **changes}

    def run(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run the launcher to its end."""
        return subprocess.run(
            [self.root / "brewslm", *words],
            env=self.environment(**changes),
            cwd=self.root.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the launcher in a process group of its own."""
        return subprocess.Popen(
            [self.root / "brewslm", *words],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def packages(self) -> set[str]:
        infos = self.root.glob(".venv/lib/python*/site-packages/*.dist-info")
        return {info.name.split("-")[0] for info in infos} - {"pip", "setuptools"}

    @property
    def site(self) -> Path:
        return next(self.root.glob(".venv/lib/python*/site-packages"))


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def fake_python(folder: Path, body: str) -> Path:
    """Write a script that stands where a Python would."""
    script = folder / "fake-python"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return script
