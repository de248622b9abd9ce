"""The lint of reasons: what the code emits and what the taxonomy holds are the same set."""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from brewslm.core.events.reasons import EventStage

TAXONOMY_FILES = ("reasons.py", "failure.py", "payloads.py")
"""In these files of `core/events`, naming a reason is not emitting it."""
SUCCESS_SUFFIXES = (
    *("created", "started", "preview", "passed", "promoted", "resolved", "patrol", "locked", "activated"),
    *("approved", "changed"),
)
_NOUNS = "|".join(get_args(EventStage))
_SPELLED = re.compile(rf"({_NOUNS})(_[a-z_]+)?$")
_GRAMMAR = re.compile(r"[a-z]+(_[a-z]+)*")


@dataclass(frozen=True)
class Row:
    """One row of the taxonomy, as plain text."""

    stage: str
    severity: str
    meaning: str
    next_step: str


def grammar_problems(taxonomy: Mapping[str, Row]) -> list[str]:
    """Say which reasons break the grammar: success is the bare noun, failure is noun_cause."""
    problems = []
    for reason, row in taxonomy.items():
        noun, _, cause = reason.partition("_")
        if not _GRAMMAR.fullmatch(reason) or noun != row.stage:
            problems.append(f"{reason}: must be {row.stage!r}, or begin with it and an underscore")
        elif row.severity == "info" and cause and cause not in SUCCESS_SUFFIXES:
            problems.append(f"{reason}: a success is the bare noun {noun!r}, or ends in a step of it")
        elif row.severity != "info" and not cause:
            problems.append(f"{reason}: a failure names its cause, {noun}_cause")
    return problems


def documentation_problems(taxonomy: Mapping[str, Row]) -> list[str]:
    """Say which reasons lack a sentence for their meaning or for the next step."""
    return [
        f"{reason}: {part} must be a sentence, not {text!r}"
        for reason, row in taxonomy.items()
        for part, text in (("meaning", row.meaning), ("next step", row.next_step))
        if not (text[:1].isupper() and text.endswith("."))
    ]


def emission_problems(source: Path, members: Mapping[str, str]) -> list[str]:
    """Say what is emitted but not in the taxonomy, and what is in it but never emitted.

    Args:
        source: Folder of the package.
        members: Name of each member of `Reason` to its value.
    """
    seen = list(_uses(source))
    problems = [f"{use.place}: {use.text} is not in the taxonomy" for use in seen if not use.is_in(members)]
    emitted = {use.name for use in seen if use.is_in(members)}
    emitted |= _of_raised_errors(source)
    return problems + [f"{value}: is never emitted" for name, value in members.items() if name not in emitted]


@dataclass(frozen=True)
class _Use:
    name: str
    """Member of `Reason`; for a reason that is spelled as text, its value in capitals."""
    text: str
    place: str

    def is_in(self, members: Mapping[str, str]) -> bool:
        return self.name in members


def _uses(source: Path) -> Iterable[_Use]:
    for path in sorted(source.rglob("*.py")):
        relative = path.relative_to(source).as_posix()
        if relative in {f"core/events/{name}" for name in TAXONOMY_FILES} or relative == "core/errors.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            place = f"{relative}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason":
                yield _Use(node.attr, f"Reason.{node.attr}", place)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Reason" and node.args:
                yield from _literal(node.args[0], place)
            elif isinstance(node, ast.keyword) and node.arg == "reason":
                yield from _literal(node.value, place)


def _literal(node: ast.expr, place: str) -> Iterable[_Use]:
    # Other things have reasons, too; one of ours begins with the noun of a stage.
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SPELLED.match(node.value):
        yield _Use(node.value.upper(), repr(node.value), place)


def _of_raised_errors(source: Path) -> set[str]:
    """Return the members that are the reason of an error class which some other file names."""
    errors = source / "core" / "errors.py"
    if not errors.exists():
        return set()
    text = "\n".join(path.read_text(encoding="utf-8") for path in source.rglob("*.py") if path != errors)
    return {
        node.attr
        for group in ast.parse(errors.read_text(encoding="utf-8")).body
        if isinstance(group, ast.ClassDef) and re.search(rf"\b{group.name}\b", text)
        for node in ast.walk(group)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Reason"
    }
