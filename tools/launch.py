"""Make BrewSLM's environment if it is not whole, then run the CLI in it; `./brewslm` calls this on its slow path."""

import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from launcher.failures import SetupError
from launcher.packages import install, make_venv, mend, python_version
from launcher.place import Declaration, Origin, Place, Stamp, read_declaration, read_stamp, split_extras, write_stamp
from launcher.progress import Progress
from launcher.studio import Studio, build

SUPPORTED = ((3, 11), (3, 13))
MIN_FREE_GB = 3.0
"""What the packages of the extra `train` take on a CPU, with room for pip to unpack; CUDA's take about 8 with it."""
_GB = 1e9


@dataclass(frozen=True)
class Wish:
    """What this start asks of the environment."""

    made_for: str
    extras: tuple[str, ...]
    is_python_named: bool
    should_rebuild: bool
    min_free_gb: float


def main(made_for: str, words: list[str]) -> int:
    """Set up what is missing; then run the CLI with `words`, unless they ask for setup alone."""
    place = Place(Path(__file__).resolve().parent.parent)
    is_setup_only = words[:1] == ["--setup"]
    options = _parse(words[1:] if is_setup_only else [])
    wish = Wish(
        made_for=made_for,
        extras=split_extras(options.extras),
        is_python_named=bool(options.python),
        should_rebuild=options.rebuild,
        min_free_gb=options.min_free_gb,
    )
    signal.signal(signal.SIGTERM, _stop)
    try:
        ensure(place, wish)
        ensure_studio(Studio(place), should_try_again=is_setup_only)
    except SetupError as error:
        print(f"brewslm: setup stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbrewslm: setup was interrupted. Next: run the same command again; it goes on.", file=sys.stderr)
        return 130
    if not is_setup_only:
        os.execv(place.command, [str(place.command), *words])  # noqa: S606 - no shell is meant
    return 0


def ensure(place: Place, wish: Wish) -> None:
    """Return when the environment is whole for `wish`; only one process at a time works on it.

    Raises:
        SetupError: it cannot be made; the message is one line.
    """
    declaration = read_declaration(place)
    declaration.check_extras(wish.extras)
    if _is_ready(place, wish, declaration):
        return
    with _lock(place) as lock:
        # Another process may have done the work while this one waited.
        if not _is_ready(place, wish, declaration):
            _set_up(place, wish, declaration, lock)


def ensure_studio(studio: Studio, *, should_try_again: bool) -> None:
    """Build the Studio where it is missing or older than its sources. Where that fails, everything else works."""
    if studio.is_fresh(should_try_again=should_try_again):
        return
    with _lock(studio.place) as lock:
        if studio.is_fresh(should_try_again=should_try_again):  # another process may have built it meanwhile
            return
        progress = Progress(1)
        progress.step("building the Studio")
        try:
            build(studio, lock=lock, show=progress.update)
        except SetupError as error:
            progress.say(f"brewslm: the Studio is not built: {error}")
        else:
            progress.done("ready")


def _is_ready(place: Place, wish: Wish, declaration: Declaration) -> bool:
    stamp = read_stamp(place)
    if stamp is None or wish.should_rebuild or wish.is_python_named or not os.access(place.command, os.X_OK):
        return False
    if not os.access(place.python, os.X_OK) or stamp.fingerprint != declaration.fingerprint:
        return False
    if not set(wish.extras) <= set(stamp.extras) or _root_of(stamp.made_for) != _root_of(wish.made_for):
        return False
    if stamp.made_for != wish.made_for:  # only settings that do not concern packages changed
        with contextlib.suppress(OSError):
            write_stamp(place, Stamp(wish.made_for, stamp.extras, stamp.fingerprint, stamp.origin))
    return True


def _root_of(made_for: str) -> str:
    # "CHECKSUM SIZE ROOT", as `cksum` and the launcher write it
    return made_for.split(" ", 2)[-1]


def _set_up(place: Place, wish: Wish, declaration: Declaration, lock: int) -> None:
    began = time.monotonic()
    stamp = read_stamp(place)
    was_unfinished = place.unfinished.exists()
    is_new, origin = _judge(place, wish, stamp)
    extras = wish.extras if is_new or stamp is None else tuple(sorted({*wish.extras, *stamp.extras}))
    _check_disk(place, wish)
    place.log.write_text("", encoding="utf-8")
    progress = Progress(3)
    progress.say(f"brewslm: setting up {place.venv} (extras: {', '.join(extras) or 'none'}); log: {place.log.name}")

    progress.step("virtual environment")
    if is_new:
        make_venv(place, lock=lock, show=progress.update)
    else:
        place.stamp.unlink(missing_ok=True)
        place.unfinished.write_text(f"{origin}\n", encoding="utf-8")
    forgotten = mend(place) if was_unfinished and not is_new else []
    progress.done("made" if is_new else f"kept, {len(forgotten)} packages to mend" if forgotten else "kept")

    progress.step("build tools")
    if declaration.build_requires:
        install(place, list(declaration.build_requires), lock=lock, show=progress.update)
    progress.done("ready")

    progress.step("packages")
    project = f".[{','.join(extras)}]" if extras else "."
    install(place, ["--editable", project], lock=lock, show=progress.update)
    progress.done("ready")

    write_stamp(place, Stamp(wish.made_for, extras, declaration.fingerprint, origin))
    progress.say(f"brewslm: ready after {time.monotonic() - began:.0f} s")


def _judge(place: Place, wish: Wish, stamp: Stamp | None) -> tuple[bool, Origin]:
    """Decide whether the environment is made anew, and whose it is; a person's own is never deleted unasked."""
    if wish.should_rebuild or not place.venv.is_dir() or not any(place.venv.iterdir()):
        return True, "made"
    origin: Origin = stamp.origin if stamp else "adopted"
    if place.unfinished.exists():
        # An empty note is the launcher's own, stopped while writing it.
        origin = "adopted" if place.unfinished.read_text(encoding="utf-8").strip() == "adopted" else "made"
    anew = "run `./brewslm --setup --rebuild` to make it anew"
    version = python_version(place.python)
    if version is None or (stamp is not None and _root_of(stamp.made_for) != _root_of(wish.made_for)):
        if origin == "made":
            return True, "made"
        raise SetupError(f"{place.venv} is broken: its Python does not run or has no pip", anew)
    if not SUPPORTED[0] <= version <= SUPPORTED[1]:
        raise SetupError(f"{place.venv} has Python {version[0]}.{version[1]}, but 3.11 to 3.13 is needed", anew)
    if wish.is_python_named and version != sys.version_info[:2]:
        raise SetupError(f"{place.venv} has Python {version[0]}.{version[1]} already", f"add --rebuild, or {anew}")
    return False, origin


def _check_disk(place: Place, wish: Wish) -> None:
    has_packages = any(place.venv.glob("lib/python*/site-packages/torch/version.py"))
    if has_packages or (not wish.extras and wish.min_free_gb == MIN_FREE_GB):
        return
    free = shutil.disk_usage(place.root).free / _GB
    if free < wish.min_free_gb:
        raise SetupError(
            f"too little disk at {place.root}: {free:.1f} GB free, {wish.min_free_gb:g} GB needed",
            "free some space or move the folder, then run the same command again",
        )


@contextlib.contextmanager
def _lock(place: Place) -> Iterator[int]:
    try:
        file = place.lock.open("a+", encoding="utf-8")
    except OSError as error:
        raise SetupError(f"cannot write in {place.root} ({error.strerror})", "make the folder writable") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("brewslm: another setup is at work in this folder; waiting for it to end", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./brewslm --setup", description="Make the environment whole, and no more.")
    parser.add_argument("--python", default="", metavar="PATH", help="the Python to use (or BREWSLM_PYTHON)")
    parser.add_argument(
        "--extras",
        default=os.environ.get("BREWSLM_EXTRAS") or "train",
        metavar="A,B",
        help="what to install besides the core (or BREWSLM_EXTRAS); `none` for the core alone; default: train",
    )
    parser.add_argument("--rebuild", action="store_true", help="make .venv anew, whatever is there")
    parser.add_argument(
        "--min-free-gb",
        type=float,
        default=os.environ.get("BREWSLM_MIN_FREE_GB") or MIN_FREE_GB,
        metavar="GB",
        help=f"refuse to begin with less free disk (or BREWSLM_MIN_FREE_GB); default: {MIN_FREE_GB:g}",
    )
    return parser.parse_args(words)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
