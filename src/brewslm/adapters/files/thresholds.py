"""Files of thresholds: the workspace's own, and one that is named."""

from pathlib import Path

import yaml

from brewslm.core.errors import InvalidRequestError
from brewslm.core.health.layers import ThresholdLayer

FILE = Path("config") / "thresholds.yaml"
"""Within the workspace."""
_MAX_BYTES = 1 << 20


class YamlThresholdFiles:
    """Reads them from YAML."""

    def __init__(self, home: Path) -> None:
        """Take the workspace."""
        self._own = home / FILE

    def layers(self, extra: Path | None) -> list[ThresholdLayer]:
        """Return what the workspace's file says, where there is one, then what `extra` says.

        Raises:
            InvalidRequestError: one cannot be read, or is no mapping of sections.
        """
        paths = [path for path in (self._own if self._own.exists() else None, extra) if path is not None]
        return [_layer(path) for path in paths]


def _layer(path: Path) -> ThresholdLayer:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InvalidRequestError(f"{str(path)!r} is larger than 1 MiB; a file of thresholds is short.")
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InvalidRequestError(f"The thresholds {str(path)!r} cannot be read: {why}. Name a YAML file.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidRequestError(f"The thresholds {str(path)!r} are no YAML: {error}. Correct them.") from error
    data = {} if data is None else data
    if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
        raise InvalidRequestError(f"The thresholds {str(path)!r} are no mapping; write e.g. `memory: {{share: 0.9}}`.")
    return ThresholdLayer(source=str(path), values=data)
