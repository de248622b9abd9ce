"""The virtual environment and the packages in it: made, mended, filled."""

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launcher.failures import SetupError, explain
from launcher.place import Place

POLL_SECONDS = 0.1
STOP_SECONDS = 10.0
# Settings of pip that would send packages elsewhere than into the environment.
_DIVERTING = ("PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_ROOT", "PIP_TARGET", "PIP_USER")
_COLLECTING = re.compile(r"^Collecting (\S+)", re.MULTILINE)
_DOWNLOADING = re.compile(r"^\s*Downloading (?:\S*/)?([\w.]+)-\S+ \(([^)]+)\)", re.MULTILINE)
_PIP_PIN = re.compile(r"^pip==(?P<version>\S+)(?: \\\n\s+--hash=\S+)*\n", re.MULTILINE)
_INSTALLING = re.compile(r"^Installing collected packages: (.+)$", re.MULTILINE)

Show = Callable[[str], None]


def python_version(python: Path) -> tuple[int, int] | None:
    """Return (major, minor) of a virtual environment's interpreter if it runs and has pip, else None."""
    question = "import sys, pip; print(*sys.version_info[:2])"
    command = [str(python), "-I", "-c", question]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor = answer.stdout.split()
    return int(major), int(minor)


def make_venv(place: Place, *, lock: int, show: Show) -> None:
    """Make an empty environment, noting first that it is the launcher's own and not yet whole.

    Raises:
        SetupError: the folder cannot be written, or the venv module fails.
    """
    shutil.rmtree(place.venv, ignore_errors=True)
    try:
        place.venv.mkdir(parents=True, exist_ok=True)
        place.unfinished.write_text("made\n", encoding="utf-8")
    except OSError as error:
        raise SetupError(f"cannot write {place.venv} ({error.strerror})", "make the folder writable") from error
    # The interpreter that a virtual environment was made from, where this one runs in one.
    base: str = getattr(sys, "_base_executable", sys.executable)
    _run(place, [base, "-m", "venv", str(place.venv)], lock=lock, show=lambda _: show(""))


def mend(place: Place) -> list[str]:
    """Forget packages that a stopped pip left incomplete, so that pip installs them again; returns their names."""
    forgotten = []
    for site in place.venv.glob("lib/python*/site-packages"):
        for leftover in site.glob("~*"):
            shutil.rmtree(leftover, ignore_errors=True)
        for info in site.glob("*.dist-info"):
            if not _is_whole(info):
                forgotten.append(info.name.split("-")[0])
                shutil.rmtree(info)
    return sorted(forgotten)


def _is_whole(info: Path) -> bool:
    try:
        with (info / "RECORD").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if row]
        return bool(rows) and all(
            not size or (info.parent / name).stat().st_size == int(size) for name, _, size in rows
        )
    except (OSError, ValueError):
        return False


def install(place: Place, requirements: list[str], *, lock: int, show: Show) -> None:
    """Run pip with the exact versions of constraints.txt, and only with files whose hashes are in hashes.txt.

    Raises:
        SetupError: pip failed; the message says why in one line.
    """
    _renew_pip(place, lock=lock, show=show)
    constraints = ["-c", place.constraints.name]
    if place.hashes.exists():
        # Every hash that stands there is held; pip need not ask for one of the project itself, and of torch.
        constraints += ["-c", place.hashes.name, "--no-require-hashes"]
    # No isolated build: the build backend lies in the environment already, in its exact version.
    command = [*_pip_install(place), "--no-build-isolation", *constraints, *requirements]
    _run(place, command, lock=lock, show=_watch(place, show))


def _pip_install(place: Place) -> list[str]:
    return [str(place.python), "-I", "-u", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]


def _renew_pip(place: Place, *, lock: int, show: Show) -> None:
    """Bring pip to its own exact version: the one that comes with Python may be too old for hashes of constraints."""
    text = place.hashes.read_text(encoding="utf-8") if place.hashes.exists() else ""
    found = _PIP_PIN.search(text)
    if found is None or any(place.venv.glob(f"lib/python*/site-packages/pip-{found['version']}.dist-info")):
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(found[0])
        file.flush()
        _run(place, [*_pip_install(place), "--require-hashes", "-r", file.name], lock=lock, show=_watch(place, show))


def _watch(place: Place, show: Show) -> Callable[[str], None]:
    """Return what turns pip's log so far into a line for people."""
    num_before: list[int] = []

    def look(log: str) -> None:
        installing = _INSTALLING.search(log)
        if installing:
            num_now = sum(1 for _ in place.venv.glob("lib/python*/site-packages/*.dist-info"))
            num_before.append(num_now)
            num_all = installing[1].count(",") + 1
            show(f"installing {min(num_now - num_before[0], num_all)} of {num_all}")
            return
        num_found = len(_COLLECTING.findall(log))
        downloads = _DOWNLOADING.findall(log)
        last = f", fetching {downloads[-1][0]} ({downloads[-1][1]})" if downloads else ""
        show(f"found {num_found} packages{last}" if num_found else "")

    return look


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    log: str


def run(
    place: Place,
    command: list[str],
    *,
    lock: int,
    show: Show,
    folder: Path | None = None,
    more: dict[str, str] | None = None,
) -> Done:
    """Run a command with its output in the log.

    The child inherits the lock: should this process be killed, no second setup begins before the child has ended.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _DIVERTING} | (more or {})
    with place.log.open("a+", encoding="utf-8", errors="replace") as log:
        begin = log.seek(0, os.SEEK_END)
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        child = subprocess.Popen(
            command,
            cwd=folder or place.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[lock],
        )
        try:
            while child.poll() is None:
                show(_since(place.log, begin))
                time.sleep(POLL_SECONDS)
        except BaseException:
            _stop(child)
            raise
    return Done(child.returncode, _since(place.log, begin))


def _run(place: Place, command: list[str], *, lock: int, show: Show) -> None:
    done = run(place, command, lock=lock, show=show)
    if done.code:
        raise explain(done.log, done.code, place.log.name)


def _since(log: Path, begin: int) -> str:
    with log.open("rb") as file:
        file.seek(begin)
        return file.read().decode(errors="replace")


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
