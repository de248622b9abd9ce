"""What a bundle for support tells of the installation, and what it must not tell."""

import importlib.metadata
import os
import platform
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from brewslm.bootstrap.access import TOKEN_FILE
from brewslm.bootstrap.checkup import NEEDED, NEEDED_TO_TRAIN, run_checks
from brewslm.bootstrap.settings import Settings
from brewslm.core.errors import BrewError
from brewslm.core.ports.secrets import SCHEME, LocatorSecrets
from brewslm.services.support.facts import SupportFacts
from brewslm.services.support.redaction import is_secret_name

PACKAGES = ("brewslm", *NEEDED, *NEEDED_TO_TRAIN, "numpy", "polars", "alembic", "psycopg", "llama-cpp-python")
SHOWN = ("BREWSLM_", "CUDA_", "NVIDIA_", "NCCL_", "TORCH_", "PYTORCH_", "OMP_", "MKL_", "HF_HUB_", "TOKENIZERS_", "LC_")
"""Variables that begin so have their values in the bundle, redacted; of all others only the names are there."""
SHOWN_NAMES = frozenset({"LANG", "TZ", "TERM", "SHELL", "PYTHONPATH", "PYTHONUTF8", "VIRTUAL_ENV", "XDG_CACHE_HOME"})


def facts_of(settings: Settings, secrets: LocatorSecrets, environment: Mapping[str, str] = os.environ) -> SupportFacts:
    """Look at the installation as it is now."""
    checks = tuple(
        {"check": check.name, "level": check.level, "seen": check.seen, "next_step": check.next_step}
        for check in run_checks()
    )
    shown = {name: value for name, value in sorted(environment.items()) if _is_shown(name)}
    return SupportFacts(
        versions=_versions(),
        checks=checks,
        settings=settings.model_dump(mode="json"),
        environment=shown,
        other_variables=tuple(sorted(name for name in environment if name not in shown)),
        files=dict(_files(settings)),
        secrets=tuple(sorted(set(_secrets(settings, secrets, environment)))),
        own=_own(settings),
    )


def _is_shown(name: str) -> bool:
    return name.startswith(SHOWN) or name in SHOWN_NAMES


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in dict.fromkeys(PACKAGES):
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    for folder, pattern in ((settings.logs, "*.log*"), (settings.home / "config", "*.yaml")):
        for path in sorted(folder.glob(pattern)):
            yield f"{folder.name}/{path.name}", path


def _secrets(settings: Settings, kept: LocatorSecrets, environment: Mapping[str, str]) -> Iterator[str]:
    """Everything that is known to be secret, in every part in which it may be told."""
    yield from (value for name, value in environment.items() if is_secret_name(name))
    for one in (settings.token, settings.advisor_key, *(settings.kaggle_login or ())):
        if one:
            yield one
    with suppress(OSError, UnicodeDecodeError):
        yield (settings.home / TOKEN_FILE).read_text(encoding="ascii").strip()
    addresses = [settings.database_url or "", *settings.proxies.values()]
    for secret_id in sorted(kept.kept()):
        with suppress(BrewError):
            addresses.append(kept.reveal(f"{SCHEME}:{secret_id}:"))
    for address in addresses:
        yield from _of_address(address)


def _of_address(address: str) -> Iterator[str]:
    try:
        parts = urlsplit(address)
        password = parts.password
    except ValueError:
        yield address
        return
    if password:
        yield password
        yield unquote(password)
    elif parts.username:
        yield parts.username  # tokens are given so
    if parts.query:
        yield parts.query
        yield from (value for _, value in parse_qsl(parts.query) if len(value) >= len("a-secret"))


def _own(settings: Settings) -> dict[str, str]:
    """Longer names first win: the workspace lies in the home folder mostly."""
    host = socket.gethostname()
    names = {str(settings.home): "<workspace>", str(Path.home()): "<home>"}
    if len(host) >= len("host1") and host.lower() != "localhost":
        names[host] = "<host>"
    return {name: instead for name, instead in names.items() if name not in {"/", "/root"}}
