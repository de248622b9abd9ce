"""The checks of `brewslm doctor`. None of them changes anything but a probe file that it takes away again."""

import importlib.metadata
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from brewslm.bootstrap import diagnosis
from brewslm.bootstrap.settings import Settings, read_settings
from brewslm.core.alerts.line import one_line, size
from brewslm.core.errors import BrewError
from brewslm.core.project import BUNDLED_BASE_MODEL

Level = Literal["ok", "warn", "fail"]

NEEDED = ("pydantic", "sqlalchemy", "fastapi", "uvicorn", "typer", "rich", "pyarrow", "numpy", "tokenizers")
NEEDED_TO_TRAIN = ("torch", "transformers", "peft", "safetensors")
ENOUGH_DISK_BYTES = 2_000_000_000
ENOUGH_MEMORY_BYTES = 1_500_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One check, what it saw, and what to do about it."""

    name: str
    level: Level
    seen: str
    next_step: str = ""


def run_checks() -> tuple[Check, ...]:
    """Run every check; one that breaks is itself a finding."""
    try:
        settings = read_settings()
    except BrewError as error:
        return (Check("settings", "fail", str(error)),)
    checks: tuple[tuple[str, Callable[[], Check]], ...] = (
        ("python", _python),
        ("packages", lambda: _packages("packages", NEEDED, "pip install brewslm")),
        ("training packages", lambda: _packages("training packages", NEEDED_TO_TRAIN, "pip install 'brewslm[train]'")),
        ("cpu", _cpu),
        ("gpu", _gpu),
        ("memory", _memory),
        ("disk", lambda: _disk(settings)),
        ("workspace", lambda: _workspace(settings)),
        ("database", lambda: _database(settings)),
        ("base model", _base_model),
        ("samples", _samples),
    )
    return tuple(_guarded(name, check) for name, check in checks)


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except (BrewError, OSError) as error:
        return Check(name, "fail", one_line(str(error)))


def _python() -> Check:
    seen = f"{'.'.join(map(str, sys.version_info[:3]))} at {sys.executable}"
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Check("python", "ok", seen)
    return Check("python", "warn", seen, "BrewSLM is tested with Python 3.11 to 3.13.")


def _packages(name: str, wanted: tuple[str, ...], command: str) -> Check:
    found, missing = [], []
    for package in wanted:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    if missing:
        return Check(name, "fail", f"not installed: {', '.join(missing)}", f"Run `{command}`.")
    return Check(name, "ok", ", ".join(found))


def _cpu() -> Check:
    facts = diagnosis.machine().facts()
    bfloat16 = "fast bfloat16" if facts.has_fast_bfloat16 else "no fast bfloat16, so float32 is used"
    return Check("cpu", "ok", f"{facts.num_cores} cores, {bfloat16}; {facts.platform}")


def _gpu() -> Check:
    gpus = diagnosis.machine().facts().gpus
    return Check("gpu", "ok", ", ".join(gpus) if gpus else "none; small models train on the CPU")


def _memory() -> Check:
    facts = diagnosis.machine().facts()
    seen = f"{size(facts.free_memory_bytes)} of {size(facts.memory_bytes)} free"
    if facts.free_memory_bytes < ENOUGH_MEMORY_BYTES:
        return Check("memory", "warn", seen, f"The quickstart takes about {size(ENOUGH_MEMORY_BYTES)}.")
    return Check("memory", "ok", seen)


def _disk(settings: Settings) -> Check:
    free = diagnosis.machine().free_disk_bytes(settings.home)
    seen = f"{size(free)} free at {settings.home}"
    if free < ENOUGH_DISK_BYTES:
        return Check("disk", "warn", seen, "Free space, or set BREWSLM_HOME to another disk.")
    return Check("disk", "ok", seen)


def _workspace(settings: Settings) -> Check:
    home = settings.home
    if not home.exists():
        parent = next(folder for folder in home.parents if folder.exists())
        if not os.access(parent, os.W_OK):
            return Check("workspace", "fail", f"{home} cannot be made in {parent}", "Set BREWSLM_HOME elsewhere.")
        return Check("workspace", "ok", f"{home} will be made on first use")
    if not home.is_dir() or not _can_write(home):
        return Check("workspace", "fail", f"{home} is not a folder that can be written", "Set BREWSLM_HOME to another.")
    if stat.S_IMODE(home.stat().st_mode) & stat.S_IWOTH:
        return Check("workspace", "warn", f"{home} can be written by everybody", f"Run `chmod 700 {home}`.")
    state = "in use" if any(home.iterdir()) else "still empty"
    return Check("workspace", "ok", f"{home}, {state}")


def _can_write(folder: Path) -> bool:
    probe = folder / f".probe-{os.getpid()}"
    try:
        probe.write_bytes(b"brewslm")
        probe.unlink()
    except OSError:
        return False
    return True


def _database(settings: Settings) -> Check:
    if settings.database_url is not None:
        return Check("database", "ok", diagnosis.postgres_state(settings))
    version, is_safe = diagnosis.sqlite_version()
    if is_safe:
        return Check("database", "ok", f"SQLite {version} in {settings.database}")
    step = "Readers wait for writers with it; install `pysqlite3` for a newer one."
    return Check("database", "warn", f"SQLite {version}, older than 3.51.3, in {settings.database}", step)


def _base_model() -> Check:
    facts = diagnosis.bundled_models().facts(BUNDLED_BASE_MODEL)
    measure = f"{facts.num_parameters / 1e6:.1f} M parameters, {size(facts.weight_bytes)}"
    return Check("base model", "ok", f"{facts.name}: {facts.architecture}, {measure}, context {facts.context_length}")


def _samples() -> Check:
    names = diagnosis.bundled_sources().samples()
    if not names:
        return Check("samples", "fail", "none is bundled", "Install BrewSLM again.")
    return Check("samples", "ok", ", ".join(names))
