"""Settings, read once. No environment variable is read below this room."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from brewslm.core.errors import InvalidRequestError
from brewslm.core.value import Value

HOME_VARIABLE = "BREWSLM_HOME"
TOKEN_VARIABLE = "BREWSLM_TOKEN"  # noqa: S105 - the name, not the secret
HOSTS_VARIABLE = "BREWSLM_ALLOWED_HOSTS"
ADVISOR_VARIABLES = ("BREWSLM_ADVISOR_URL", "BREWSLM_ADVISOR_MODEL", "BREWSLM_ADVISOR_KEY")
OFFLINE_VARIABLES = ("BREWSLM_OFFLINE", "HF_HUB_OFFLINE")

MIN_TOKEN_LENGTH = 16


class Settings(Value):
    """What the environment says."""

    home: Path
    """The workspace: database, projects, logs."""
    is_offline: bool = False
    """Whether the hub is not asked, even where the network would work."""

    advisor_url: str | None = None
    """The base of an OpenAI-compatible endpoint that introspection may ask, such as `http://127.0.0.1:8080/v1`."""
    advisor_model: str | None = None
    """The model that it is asked for."""
    advisor_key: str | None = Field(None, repr=False)
    """What it is shown as bearer token; None where it wants none."""

    token: str | None = Field(None, repr=False)
    """What clients of the server must show where it asks for it; at least 16 visible ASCII characters."""
    allowed_hosts: tuple[str, ...] = ()
    """Names, without ports, under which the server answers besides its own."""

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.home / "brewslm.db"

    @property
    def logs(self) -> Path:
        """Where the server writes its log."""
        return self.home / "logs"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from the environment; the workspace is `~/.brewslm` where nothing else is said.

    Raises:
        InvalidRequestError: the token is too short, or could not travel in a header; an address is none.
    """
    home = Path(environment.get(HOME_VARIABLE) or Path.home() / ".brewslm").expanduser()
    is_offline = any(environment.get(name, "").lower() in {"1", "true", "yes", "on"} for name in OFFLINE_VARIABLES)
    token = environment.get(TOKEN_VARIABLE) or None
    if token is not None and (len(token) < MIN_TOKEN_LENGTH or not all("!" <= character <= "~" for character in token)):
        message = (
            f"{TOKEN_VARIABLE} must be at least {MIN_TOKEN_LENGTH} visible ASCII characters; make one with "
            '`python -c "import secrets; print(secrets.token_urlsafe(32))"`'
        )
        raise InvalidRequestError(message)
    hosts = tuple(name.strip() for name in environment.get(HOSTS_VARIABLE, "").split(",") if name.strip())
    url = environment.get(ADVISOR_VARIABLES[0]) or None
    if url is not None and not url.startswith(("http://", "https://")):
        message = f"{ADVISOR_VARIABLES[0]}={url!r} is no address of an endpoint; it begins with http:// or https://"
        raise InvalidRequestError(message)
    return Settings(
        home=home.absolute(),
        is_offline=is_offline,
        advisor_url=url,
        advisor_model=environment.get(ADVISOR_VARIABLES[1]) or None,
        advisor_key=environment.get(ADVISOR_VARIABLES[2]) or None,
        token=token,
        allowed_hosts=hosts,
    )
