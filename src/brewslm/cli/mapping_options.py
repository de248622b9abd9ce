"""From the options of a mapping to what the stage is asked for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from brewslm.core.artifacts.mapping import MappingSpec

Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="ROLE=COLUMN",
        help="A column by its role, e.g. prompt=user_msg; dots lead into nested values. Repeatable.",
    ),
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", metavar="FILE", help="A whole mapping, as YAML or JSON.")
]
Mapper = Annotated[str | None, typer.Option("--mapper", metavar="NAME", help="Take the reading of this plugin.")]
Labels = Annotated[
    list[str] | None, typer.Option("--label", metavar="LABEL", help="A label that is allowed. Repeatable.")
]
Tags = Annotated[
    str | None, typer.Option("--tags", metavar="O,B-…", help="Names of tags that are numbers, in order of number.")
]
Instruction = Annotated[
    str | None, typer.Option("--instruction", metavar="TEXT", help="A sentence that is said before every text.")
]
MaxCharacters = Annotated[
    int | None,
    typer.Option("--max-characters", min=1, metavar="NUMBER", help="Reject longer examples; by default none."),
]
MinCoverage = Annotated[
    float,
    typer.Option(
        "--min-coverage",
        min=0.0,
        max=1.0,
        metavar="SHARE",
        help="Gate A: the share of rows that must become examples.",
    ),
]


def choices_from(
    as_shape: str | None,
    columns: list[str] | None,
    mapping: Path | None,
    mapper: str | None,
    labels: list[str] | None,
    tags: str | None,
    instruction: str | None,
    max_characters: int | None,
) -> dict[str, Any]:
    """Read the options into fields of `MappingChoices`.

    Raises:
        typer.BadParameter: a pair has no `=`, or names a role twice.
        InvalidRequestError: the file is no mapping.
    """
    found: dict[str, Any] = {
        "as_shape": as_shape,
        "roles": roles_from(columns),
        "mapping": None if mapping is None else mapping_in(mapping),
        "mapper": mapper,
        "labels": tuple(labels or ()),
        "tag_names": tuple(name.strip() for name in tags.split(",")) if tags else (),
        "instruction": instruction,
        "max_characters": max_characters,
    }
    return {name: value for name, value in found.items() if value not in (None, (), {})}


def roles_from(pairs: list[str] | None) -> dict[str, str]:
    """Read `role=column` pairs.

    Raises:
        typer.BadParameter: a pair has no `=`, or names a role twice.
    """
    found: dict[str, str] = {}
    for pair in pairs or []:
        role, sign, column = pair.partition("=")
        if not sign or not role.strip():
            message = f"{pair!r} is not ROLE=COLUMN, for example prompt=user_msg"
            raise typer.BadParameter(message, param_hint="--column")
        if role.strip() in found:
            message = f"{role.strip()!r} is named twice"
            raise typer.BadParameter(message, param_hint="--column")
        found[role.strip()] = column
    return found


def mapping_in(path: Path) -> "MappingSpec":
    """Read a mapping from a YAML or JSON file.

    Raises:
        InvalidRequestError: the file cannot be read, or is no mapping; every problem is named.
    """
    import yaml

    from brewslm.cli.session import validated
    from brewslm.core.artifacts.mapping import MappingSpec
    from brewslm.core.errors import InvalidRequestError

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{str(path)!r} cannot be read ({error.strerror}); name a YAML or JSON file of a mapping"
        raise InvalidRequestError(message) from error
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InvalidRequestError(f"{str(path)!r} is neither YAML nor JSON: {reason}; correct it") from error
    if not isinstance(tree, dict) or not all(isinstance(name, str) for name in tree):
        message = (
            f"{str(path)!r} holds no mapping; write for example `shape: qa` and `columns: {{prompt: q, completion: a}}`"
        )
        raise InvalidRequestError(message)
    found: MappingSpec = validated(MappingSpec, **tree)
    return found
