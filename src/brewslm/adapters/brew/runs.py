"""Runs of `brewslm start`: a lock of the kernel for each file, and beside it what the run says of itself."""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from brewslm.core.brew.ports import Note, Piece
from brewslm.core.brew.trainer import BrewRun
from brewslm.core.errors import ConflictError
from brewslm.core.ports.clock import Clock

FOLDER = "brews"
LOCK_FILE = "lock"
RUN_FILE = "run.json"
OUTPUT_FILE = "output.txt"
STOP_FILE = "stop"
"""Names the process that is to stop."""
MAX_PIECE = 1 << 18
_TRIES, _TRY_SECONDS = 10, 0.05
_COMMAND = "import sys; from brewslm.cli.main import main; main(['start', sys.argv[1]])"
_SECRETS = frozenset({"BREWSLM_TOKEN"})


class FileBrewRuns:
    """Implements the ports `BrewRuns` and `BrewStarter`. A run lives as long as its process holds the lock."""

    def __init__(self, home: Path, clock: Clock, *, environment: Mapping[str, str]) -> None:
        """Keep the runs of a workspace."""
        self._home = home
        self._clock = clock
        self._environment = {name: value for name, value in environment.items() if name not in _SECRETS}
        self._started: dict[Path, tuple[BrewRun, subprocess.Popen[bytes]]] = {}
        self._guard = threading.Lock()

    @contextlib.contextmanager
    def hold(self, run: BrewRun) -> Iterator[Note]:
        """Be the run of that file while the block lasts.

        Raises:
            ConflictError: there is one already; it says which.
        """
        file = Path(run.file)
        folder = self._folder(file)
        with contextlib.ExitStack() as held:
            is_mine, tries = held.enter_context(_locked(folder)), 0
            while not is_mine and tries < _TRIES:  # somebody may only be asking
                self._clock.sleep(_TRY_SECONDS)
                is_mine, tries = held.enter_context(_locked(folder)), tries + 1
            if not is_mine:
                raise ConflictError(refusal(self.current(file) or run))
            _write(folder / RUN_FILE, run)
            try:
                yield lambda changed: _noted(folder, changed)
            finally:
                for name in (RUN_FILE, STOP_FILE):
                    (folder / name).unlink(missing_ok=True)

    def current(self, file: Path) -> BrewRun | None:
        """Return the run of that file that is in flight."""
        folder = self._folder(file)
        with contextlib.suppress(OSError, ValidationError):
            run = BrewRun.model_validate_json((folder / RUN_FILE).read_bytes())
            with _locked(folder) as is_free:
                if not is_free:
                    return run
        began = self._started.get(file)
        return began[0] if began is not None and began[1].poll() is None else None

    def start(self, file: Path, *, trainer: str) -> BrewRun:
        """Start it.

        Raises:
            ConflictError: a run of that file is in flight.
        """
        folder = self._folder(file)
        with self._guard:
            if (known := self.current(file)) is not None:
                raise ConflictError(refusal(known))
            (folder / OUTPUT_FILE).unlink(missing_ok=True)
            with (folder / OUTPUT_FILE).open("wb") as output:
                process = subprocess.Popen(
                    [sys.executable, "-c", _COMMAND, str(file)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env={**self._environment, "BREWSLM_HOME": str(self._home), "NO_COLOR": "1"},
                    cwd=file.parent,
                )
            now = self._clock.now()
            run = BrewRun(
                id=f"{now:%Y%m%dT%H%M%S}-{process.pid}",
                trainer=trainer,
                file=str(file),
                pid=process.pid,
                started_at=now,
            )
            self._started[file] = (run, process)
        return run

    def output(self, file: Path, *, offset: int) -> Piece:
        """Return what the process that was started last has written from this byte on; never blocks."""
        is_over = self.current(file) is None  # asked first, so that nothing is written between the two
        try:
            with (self._folder(file) / OUTPUT_FILE).open("rb") as stream:
                stream.seek(offset)
                text = stream.read(MAX_PIECE)
        except FileNotFoundError:
            return Piece(text=b"", is_over=True)
        return Piece(text=text, is_over=is_over and len(text) < MAX_PIECE)

    def ask_to_stop(self, run: BrewRun) -> None:
        """Ask its process to do no job any more."""
        (self._folder(Path(run.file)) / STOP_FILE).write_text(str(run.pid), encoding="ascii")

    def _folder(self, file: Path) -> Path:
        folder = self._home / FOLDER / hashlib.sha256(os.fsencode(file)).hexdigest()[:16]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Try to take the lock for the length of the block; say whether it was free."""
    lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_free = True
        except BlockingIOError:
            is_free = False
        yield is_free
    finally:
        os.close(lock)


def refusal(run: BrewRun) -> str:
    """Say which run is in the way."""
    job = f"job {run.job_id}, " if run.job_id is not None else ""
    return (
        f"trainer {run.trainer!r} of {run.file} is running already ({job}process {run.pid}, since "
        f"{run.started_at:%H:%M} UTC); wait for its end, or stop it"
    )


def _noted(folder: Path, run: BrewRun) -> bool:
    _write(folder / RUN_FILE, run)
    with contextlib.suppress(OSError):
        return (folder / STOP_FILE).read_text(encoding="ascii") == str(run.pid)
    return False


def _write(path: Path, run: BrewRun) -> None:
    draft = path.with_suffix(".partial")
    draft.write_text(run.model_dump_json(), encoding="utf-8")
    draft.replace(path)
