"""`make dist`: wheel, source distribution and what belongs to them, made of a commit and the same bytes each time."""

import datetime as dt
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

from shipping import bill, licences
from shipping.pins import CONSTRAINTS, HASHES, ROOT, read_pins

STUDIO = Path("src/brewslm/bundled/studio")
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "constraints.txt", "hashes.txt", "src", "studio")
"""What the source distribution holds of the commit: the code, the Studio's sources, and what was locked."""
_BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


class DistError(Exception):
    """There is nothing to release here; the message is one line with a next step."""


def make_dist(target: Path) -> list[Path]:
    """Make the files of a release in `target`, which is emptied before; returns them.

    Raises:
        DistError: the tree is not a commit, the Studio is not built, or building failed.
    """
    if status := git("status", "--porcelain"):
        line = status.splitlines()[0].strip()
        raise DistError(f"the tree differs from its commit: {line!r}. Next: commit it or put it aside")
    epoch, version = int(git("log", "-1", "--format=%ct")), version_of(ROOT)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name) / f"brewslm-{version}"
        export(tree)
        wheel = build_wheel(tree, target, epoch)
        source = target / f"{tree.name}.tar.gz"
        source.write_bytes(pack(tree, metadata_of(wheel), epoch))
    papers = {
        f"brewslm-{version}.cdx.json": _bill(version, wheel, epoch),
        f"brewslm-{version}-constraints.txt": CONSTRAINTS.read_bytes(),
        f"brewslm-{version}-hashes.txt": HASHES.read_bytes(),
    }
    for name, content in papers.items():
        (target / name).write_bytes(content)
    files = sorted(target.iterdir())
    sums = "".join(f"{sha256(file)}  {file.name}\n" for file in files)
    (target / "SHA256SUMS").write_text(sums, encoding="utf-8")
    return [*files, target / "SHA256SUMS"]


def git(*words: str) -> str:
    """Ask git about the checkout.

    Raises:
        DistError: git cannot answer.
    """
    program = shutil.which("git") or "git"
    done = subprocess.run([program, "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DistError(f"git {words[0]}: {' '.join(done.stderr.split())}. Next: run it in a clone of the repository")
    return done.stdout.rstrip("\n")


def version_of(tree: Path) -> str:
    """Read the version, whose one source is pyproject.toml."""
    return str(tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def export(tree: Path) -> None:
    """Lay what git knows of a release, and the built Studio, into a new folder, with plain modes.

    Raises:
        DistError: the Studio is not built.
    """
    if not licences.NOTICES.is_file():
        raise DistError("the Studio is not built, or by an older setup. Next: run `make studio`")
    for name in git("ls-files", "-z", "--", *SOURCES).split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)
    shutil.copytree(ROOT / STUDIO, tree / STUDIO)
    for path in (tree, *tree.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def build_wheel(tree: Path, target: Path, epoch: int) -> Path:
    """Build the wheel of a tree, or of an unpacked source distribution; the tree is not changed.

    Raises:
        DistError: the build failed.
    """
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "tree"
        shutil.copytree(tree, copy)
        command = [sys.executable, "-c", _BUILD, str(target.resolve())]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "PYTHONHASHSEED": "0"}
        done = subprocess.run(
            command, cwd=copy, env=environment, umask=0o022, capture_output=True, text=True, check=False
        )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1]
        raise DistError(f"the wheel cannot be built: {why}. Next: mend pyproject.toml")
    return next(target.glob("*.whl"))


def metadata_of(wheel: Path) -> bytes:
    """Return the METADATA of a wheel, which is the PKG-INFO of a source distribution."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(next(one for one in archive.namelist() if one.endswith(".dist-info/METADATA")))


def pack(tree: Path, metadata: bytes, epoch: int) -> bytes:
    """Pack a tree as a source distribution: sorted, of nobody, all at one time."""
    files = {file.relative_to(tree).as_posix(): file.read_bytes() for file in tree.rglob("*") if file.is_file()}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in sorted({**files, "PKG-INFO": metadata}.items()):
            member = tarfile.TarInfo(f"{tree.name}/{name}")
            member.size, member.mtime, member.mode = len(content), epoch, 0o644
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=epoch)


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file, as hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _bill(version: str, wheel: Path, epoch: int) -> bytes:
    pins = read_pins()
    document = bill.bill_of(
        version=version,
        wheel_sha256=sha256(wheel),
        made_at=dt.datetime.fromtimestamp(epoch, dt.UTC).isoformat(),
        pins=pins.values(),
        licences=licences.installed(pins.values()),
        studio=licences.shipped(licences.NOTICES.read_text(encoding="utf-8")),
    )
    return (json.dumps(document, indent=1) + "\n").encode()
