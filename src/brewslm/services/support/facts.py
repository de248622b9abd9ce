"""What the outermost room knows of the installation, handed to the bundle as it is: nothing of it is redacted yet."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class SupportFacts:
    """Versions, settings, environment, checks, files, and what is known to be secret."""

    versions: dict[str, str]
    checks: tuple[dict[str, str], ...]
    """What `brewslm doctor` says."""
    settings: dict[str, Any]
    environment: dict[str, str]
    """Values only of variables that are known to matter here."""
    other_variables: tuple[str, ...]
    """Names of all others, whose values are left out."""
    files: dict[str, Path]
    """Logs and files of settings: the name in the bundle, and where it is."""
    secrets: tuple[str, ...] = ()
    own: dict[str, str] = field(default_factory=dict)
    """Names of the machine, its user and folders, and what stands there instead."""
