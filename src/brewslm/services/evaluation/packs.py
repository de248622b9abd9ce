"""Eval packs: making, listing, reading and checking them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from brewslm.core.data.example import Shape
from brewslm.core.errors import InvalidRequestError
from brewslm.core.evaluation.metrics import METRICS
from brewslm.core.evaluation.pack import EvalGate, EvalPack, EvalTask
from brewslm.core.evaluation.pack_files import EvalPackFiles
from brewslm.core.evaluation.usual import template_for
from brewslm.core.value import Value
from brewslm.services.reading.strict import line_of, read_yaml, said, told


@dataclass(frozen=True, slots=True)
class PackReading:
    """What a file says."""

    pack: EvalPack | None
    problems: tuple[str, ...]
    """`line 7: …`, by line."""


class PackSummary(Value):
    """A pack of the workspace."""

    name: str
    version: int | None
    """None where it is not valid."""
    num_tasks: int
    num_gates: int
    problems: tuple[str, ...]


class PackText(Value):
    """A pack and its text."""

    pack: EvalPack
    text: str


class EvalPacks:
    """The service."""

    def __init__(self, files: EvalPackFiles) -> None:
        """Bind it to the packs of a workspace."""
        self._files = files

    def list(self) -> tuple[PackSummary, ...]:
        """Every pack of the workspace, those that are not valid with what is wrong."""
        return tuple(_summary(name, read_pack(self._files.read(name))) for name in self._files.names())

    def show(self, name: str) -> PackText:
        """Return one.

        Raises:
            NotFoundError: there is none of that name.
            InvalidRequestError: it is not valid.
        """
        text = self._files.read(name)
        return PackText(pack=valid_pack(text, f"eval pack {name!r}"), text=text)

    def new(self, name: str, shape: Shape) -> tuple[PackText, str]:
        """Write a pack that fits data of this shape, to be changed; return it and where it is.

        Raises:
            ConflictError: there is one of that name already.
            InvalidRequestError: the name cannot be one.
        """
        text = template(name, shape)
        place = self._files.add(name, text)
        return PackText(pack=valid_pack(text, name), text=text), place


def _summary(name: str, read: PackReading) -> PackSummary:
    pack = read.pack
    return PackSummary(
        name=name,
        version=None if pack is None else pack.version,
        num_tasks=0 if pack is None else len(pack.tasks),
        num_gates=0 if pack is None else len(pack.gates),
        problems=read.problems,
    )


def read_pack(text: str) -> PackReading:
    """Read a text strictly: every key, metric and operator is known, and all that is wrong is told at once."""
    read = read_yaml(text, begin_with="`api_version: brewslm/v1`, `kind: EvalPack` and `tasks:`")
    problems = list(read.problems)
    if read.tree is None:
        return PackReading(None, told(problems))
    pack = None
    try:
        pack = EvalPack.model_validate(read.tree)
    except ValidationError as error:
        found = error.errors()
        problems += [
            (line_of(one["loc"], read.lines), said(one, EvalPack)) for one in found if not _follows(one, found)
        ]
    return PackReading(None, told(problems)) if problems or pack is None else PackReading(pack, ())


def _follows(problem: Any, others: Sequence[Any]) -> bool:  # noqa: ANN401 - errors of pydantic
    """Whether a list is only too short because what is in it is wrong, which is told already."""
    place = problem["loc"]
    is_deeper = any(len(one["loc"]) > len(place) and one["loc"][: len(place)] == place for one in others)
    return problem["type"] == "too_short" and is_deeper


def valid_pack(text: str, where: str) -> EvalPack:
    """Return what a text says.

    Raises:
        InvalidRequestError: all that is wrong with it, each with its line.
    """
    read = read_pack(text)
    if read.pack is None:
        count = "1 problem" if len(read.problems) == 1 else f"{len(read.problems)} problems"
        raise InvalidRequestError(f"{where} has {count}: {'; '.join(read.problems)}. Correct it.")
    return read.pack


def template(name: str, shape: Shape) -> str:
    """Return the text of a new pack: the metrics of such data, and no worse than the base and the last release."""
    metrics = template_for(shape)
    first = metrics[0]
    pack = EvalPack(
        api_version="brewslm/v1",
        kind="EvalPack",
        name=name,
        tasks=(EvalTask(id="main", metrics=metrics),),
        gates=(
            EvalGate(id="not-worse-than-base", metric=first, no_worse_than="base"),
            EvalGate(id="not-worse-than-release", metric=first, no_worse_than="last_release"),
        ),
        general_probe=True,
    )
    tree = pack.model_dump(mode="json", exclude_defaults=True)
    tree["tasks"][0] |= {"rows": "test", "sample": pack.tasks[0].sample}
    tree = {**{key: tree[key] for key in ("api_version", "kind", "name")}, "version": 1, **tree}
    body: str = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120)
    about = "\n".join(f"#   {one}: {METRICS[one].says}" for one in metrics)
    return f"# An eval pack: `brewslm evaluate --project 1 --pack {name}`. Its metrics:\n{about}\n{body}"
