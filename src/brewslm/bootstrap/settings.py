"""Settings, read once. No environment variable is read below this room."""

import math
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from brewslm.core.errors import InvalidRequestError
from brewslm.core.value import Value

HOME_VARIABLE = "BREWSLM_HOME"
TOKEN_VARIABLE = "BREWSLM_TOKEN"  # noqa: S105 - the name, not the secret
DATABASE_VARIABLE = "BREWSLM_DATABASE_URL"
HOSTS_VARIABLE = "BREWSLM_ALLOWED_HOSTS"
ADVISOR_VARIABLES = ("BREWSLM_ADVISOR_URL", "BREWSLM_ADVISOR_MODEL", "BREWSLM_ADVISOR_KEY")
OFFLINE_VARIABLES = ("BREWSLM_OFFLINE", "HF_HUB_OFFLINE")
PRIVATE_VARIABLE = "BREWSLM_ALLOW_PRIVATE_SOURCES"
SOURCE_BYTES_VARIABLE = "BREWSLM_MAX_SOURCE_BYTES"
UPLOAD_BYTES_VARIABLE = "BREWSLM_MAX_UPLOAD_BYTES"
PATROL_VARIABLE = "BREWSLM_PATROL_CRON"
BREW_VARIABLE = "BREWSLM_BREW"
GATE_C_VARIABLE = "BREWSLM_BENCHMARK_MINUTES"
PROXY_SUFFIX = "_proxy"

MIN_TOKEN_LENGTH = 16
DEFAULT_MAX_BYTES = 50 << 30
"""50 GiB hold any corpus for one machine."""


class Settings(Value):
    """What the environment says."""

    home: Path
    """The workspace: database, projects, logs."""
    database_url: str | None = Field(None, repr=False)
    """The PostgreSQL database that holds the ledger, `postgresql://…`; may hold a password. None: SQLite, in `home`."""
    is_offline: bool = False
    """Whether the hub is not asked, even where the network would work."""
    is_cut_off: bool = False
    """Whether nothing at all is fetched from the network."""

    is_private_allowed: bool = False
    """Whether sources may lie at addresses within networks: loopback, private, link-local and the like."""
    max_source_bytes: int = Field(DEFAULT_MAX_BYTES, ge=1)
    """The largest file that is fetched from the network, in bytes."""
    max_upload_bytes: int = Field(DEFAULT_MAX_BYTES, ge=1)
    """The largest file that can be uploaded, in bytes."""
    kaggle_login: tuple[str, str] | None = Field(None, repr=False)
    """User and key of Kaggle, where they are set; tokens and files are found by its client."""
    proxies: dict[str, str] = Field(default_factory=dict, repr=False)
    """Scheme to the address of a proxy, and under `no` the hosts that are asked directly; may hold passwords."""

    advisor_url: str | None = None
    """The base of an OpenAI-compatible endpoint that introspection may ask, such as `http://127.0.0.1:8080/v1`."""
    advisor_model: str | None = None
    """The model that it is asked for."""
    advisor_key: str | None = Field(None, repr=False)
    """What it is shown as bearer token; None where it wants none."""

    patrol_cron: str = "*/30 * * * *"
    """When the patrol writes a round down, as a cron expression; it looks every few seconds."""

    longest_without_benchmark_minutes: float | None = None
    """Gate C: plans that take longer are refused until a benchmark shows that their base model beats the floor; None
    asks for none. A benchmark that was made counts either way."""

    brew: Path = Path()
    """The folder or file that code first looks at: `brew.py`, else `brewslm.yaml`. The working directory by default."""

    token: str | None = Field(None, repr=False)
    """What clients of the server must show where it asks for it; at least 16 visible ASCII characters."""
    allowed_hosts: tuple[str, ...] = ()
    """Names, without ports, under which the server answers besides its own."""

    @property
    def database(self) -> Path:
        """The SQLite file, which holds the ledger where no other database is named."""
        return self.home / "brewslm.db"

    @property
    def logs(self) -> Path:
        """Where the server writes its log."""
        return self.home / "logs"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from the environment; the workspace is `~/.brewslm` where nothing else is said.

    Raises:
        InvalidRequestError: the token is too short, or could not travel in a header; a limit is no number; an address
            is none.
    """
    home = Path(environment.get(HOME_VARIABLE) or Path.home() / ".brewslm").expanduser()
    token = environment.get(TOKEN_VARIABLE) or None
    if token is not None and (len(token) < MIN_TOKEN_LENGTH or not all("!" <= character <= "~" for character in token)):
        message = (
            f"{TOKEN_VARIABLE} must be at least {MIN_TOKEN_LENGTH} visible ASCII characters; make one with "
            '`python -c "import secrets; print(secrets.token_urlsafe(32))"`'
        )
        raise InvalidRequestError(message)
    hosts = tuple(name.strip() for name in environment.get(HOSTS_VARIABLE, "").split(",") if name.strip())
    return Settings(
        home=home.absolute(),
        database_url=environment.get(DATABASE_VARIABLE) or None,
        is_offline=any(_is_on(environment, name) for name in OFFLINE_VARIABLES),
        is_cut_off=_is_on(environment, OFFLINE_VARIABLES[0]),
        is_private_allowed=_is_on(environment, PRIVATE_VARIABLE),
        kaggle_login=_kaggle_login(environment),
        proxies=_proxies(environment),
        patrol_cron=environment.get(PATROL_VARIABLE) or "*/30 * * * *",
        longest_without_benchmark_minutes=_minutes(environment, GATE_C_VARIABLE),
        brew=Path(environment.get(BREW_VARIABLE) or ".").expanduser().absolute(),
        token=token,
        allowed_hosts=hosts,
        advisor_url=_advisor_url(environment),
        advisor_model=environment.get(ADVISOR_VARIABLES[1]) or None,
        advisor_key=environment.get(ADVISOR_VARIABLES[2]) or None,
        max_source_bytes=_size(environment, SOURCE_BYTES_VARIABLE),
        max_upload_bytes=_size(environment, UPLOAD_BYTES_VARIABLE),
    )


def _is_on(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").lower() in {"1", "true", "yes", "on"}


def _size(environment: Mapping[str, str], name: str) -> int:
    """A limit in bytes, or its default."""
    text = environment.get(name, "").replace("_", "")
    if not text:
        return DEFAULT_MAX_BYTES
    if not text.isdecimal() or not 0 < int(text) < 2**63:
        message = f"{name}={environment[name]!r} is no number of bytes; set it to one such as 50_000_000_000"
        raise InvalidRequestError(message)
    return int(text)


def _minutes(environment: Mapping[str, str], name: str) -> float | None:
    text = environment.get(name, "")
    if not text:
        return None
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not (math.isfinite(minutes) and minutes >= 0.0):
        raise InvalidRequestError(f"{name}={text!r} is no number of minutes; set it to one such as 60, or leave it out")
    return minutes


def _kaggle_login(environment: Mapping[str, str]) -> tuple[str, str] | None:
    user, key = environment.get("KAGGLE_USERNAME"), environment.get("KAGGLE_KEY")
    return (user, key) if user and key else None


def _proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Read `HTTPS_PROXY`, `NO_PROXY` and the like; where both spellings are set, that in small letters counts."""
    spellings = sorted(name for name in environment if name.lower().endswith(PROXY_SUFFIX) and environment[name])
    return {name.lower().removesuffix(PROXY_SUFFIX): environment[name] for name in spellings}


def _advisor_url(environment: Mapping[str, str]) -> str | None:
    url = environment.get(ADVISOR_VARIABLES[0]) or None
    if url is not None and not url.startswith(("http://", "https://")):
        message = f"{ADVISOR_VARIABLES[0]}={url!r} is no address of an endpoint; it begins with http:// or https://"
        raise InvalidRequestError(message)
    return url
