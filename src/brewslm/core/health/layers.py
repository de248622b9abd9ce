"""Thresholds from several files: what is said later counts, and every value knows who said it."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from brewslm.core.errors import InvalidRequestError
from brewslm.core.health.thresholds import Thresholds
from brewslm.core.value import Described, Value, descriptions_of

DEFAULT = "default"
_WIDTH = 116
_HEAD = """\
# Thresholds of the judge of trainings (`brewslm health`), with their defaults.
# Put a copy into the workspace as config/thresholds.yaml, and keep only what you change: what is not there stays as it
# is here. `brewslm health thresholds` prints every value that counts, and which file said it.
"""


class ThresholdLayer(Value):
    """What one file says."""

    source: str
    """Its path, for people."""
    values: Mapping[str, Any]


class SourcedValue(Value):
    """One threshold, and who said it."""

    name: str
    """Section and key, with a dot between."""
    value: float | int
    source: str
    """A file, or `default`."""
    meaning: str


class SourcedThresholds(Value):
    """The thresholds that count, and where each comes from."""

    thresholds: Thresholds
    values: tuple[SourcedValue, ...]


def layered(layers: Sequence[ThresholdLayer]) -> SourcedThresholds:
    """Lay files over the defaults, one after the other.

    Raises:
        InvalidRequestError: a file names what there is not, or a value that cannot be; all of it at once.
    """
    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for layer in layers:
        for section, values in layer.values.items():
            if not isinstance(values, Mapping):
                merged[section] = values
                sources[section] = layer.source
                continue
            beneath = merged.get(section)
            merged[section] = {**(beneath if isinstance(beneath, dict) else {}), **values}
            sources |= {f"{section}.{name}": layer.source for name in values} | {section: layer.source}
    try:
        thresholds = Thresholds.model_validate(merged, strict=True)
    except ValidationError as error:
        raise InvalidRequestError(_problems(error, sources)) from error
    values = tuple(
        SourcedValue(name=name, value=value, source=sources.get(name, DEFAULT), meaning=meaning)
        for name, value, meaning in _entries(thresholds)
    )
    return SourcedThresholds(thresholds=thresholds, values=values)


def thresholds_yaml() -> str:
    """Return the file with every default, each explained above it."""
    lines = [_HEAD]
    defaults = Thresholds()
    for section in Thresholds.model_fields:
        part: Described = getattr(defaults, section)
        lines += [f"{_comment(part.__doc__, indent='')}\n{section}:"]
        for name, meaning in descriptions_of(type(part)).items():
            lines += [_comment(meaning, indent="  "), f"  {name}: {getattr(part, name)}"]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _entries(thresholds: Thresholds) -> Iterator[tuple[str, float | int, str]]:
    for section in Thresholds.model_fields:
        part: Described = getattr(thresholds, section)
        for name, meaning in descriptions_of(type(part)).items():
            yield f"{section}.{name}", getattr(part, name), " ".join(meaning.split())


def _comment(text: str | None, *, indent: str) -> str:
    lines = textwrap.wrap(" ".join((text or "").split()), _WIDTH - len(indent))
    return "\n".join(f"{indent}# {line}" for line in lines)


def _problems(error: ValidationError, sources: Mapping[str, str]) -> str:
    problems = []
    for one in error.errors():
        name = ".".join(map(str, one["loc"]))
        source = sources.get(name) or sources.get(name.partition(".")[0], "")
        place = f"{name} in {source!r}: " if name else ""
        what = one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            what = "there is no such threshold"
        elif name:
            what = f"{what}, not {one['input']!r}"
        problems.append(f"{place}{what}")
    return f"{'; '.join(problems)}. Compare with `brewslm health thresholds`"
