"""From a file of rules and the options beside it to one plan of cleaning."""

from pathlib import Path
from typing import Any

from brewslm.core.artifacts.cleaning import CleaningPlan
from brewslm.core.errors import InvalidRequestError

SAFE_NORMALISATION = ("unicode_nfc", "control_characters", "zero_width", "whitespace")
"""What `--normalise` switches on: the rules that change no meaning."""
_MAX_BYTES = 1_000_000


def plan_from(
    rules: Path | None,
    *,
    pii: str | None = None,
    near_duplicates: float | None = None,
    keeps_duplicates: bool = False,
    languages: list[str] | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    normalises: bool = False,
    chunk_tokens: int | None = None,
    overlap: int | None = None,
    base_model: str | None = None,
) -> CleaningPlan:
    """Lay the options over the rules of the file: an option wins.

    Raises:
        InvalidRequestError: the file cannot be read, or a value in it or in an option is refused; all of them at once.
    """
    from brewslm.cli.session import validated

    plan = read_rules(rules) if rules is not None else {}
    _lay(plan, "pii", {"policy": pii})
    _lay(plan, "near_duplicates", {"threshold": near_duplicates})
    quality = {"languages": languages or None, "min_characters": min_length, "max_characters": max_length}
    _lay(plan, "quality", quality)
    _lay(plan, "chunks", {"size": chunk_tokens, "overlap": overlap, "base_model": base_model})
    if keeps_duplicates:
        plan["exact_duplicates"] = False
    if normalises:
        plan["normalise"] = [*plan.get("normalise", ()), *SAFE_NORMALISATION]
    made: CleaningPlan = validated(CleaningPlan, **plan)
    return made


def read_rules(path: Path) -> dict[str, Any]:
    """Read a YAML file of rules.

    Raises:
        InvalidRequestError: it cannot be read, or is no mapping of rules.
    """
    import yaml

    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InvalidRequestError(f"{str(path)!r} is larger than 1 MB; a file of rules is short.")
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InvalidRequestError(f"The rules {str(path)!r} cannot be read: {why}. Name a YAML file.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidRequestError(f"The rules {str(path)!r} are no YAML: {error}. Correct them.") from error
    if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
        raise InvalidRequestError(f"The rules {str(path)!r} are no mapping; write e.g. `pii: {{policy: redact}}`.")
    return data


def _lay(plan: dict[str, Any], name: str, options: dict[str, Any]) -> None:
    given = {field: value for field, value in options.items() if value is not None}
    if not given:
        return
    beneath = plan.get(name) or {}
    if not isinstance(beneath, dict):
        raise InvalidRequestError(f"`{name}: {beneath!r}` in the rules is no mapping; write its fields under it.")
    plan[name] = {**beneath, **given}
