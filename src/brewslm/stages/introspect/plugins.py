"""Readings that plugins propose compete with ours under the same rule; a broken one is only told of."""

from collections.abc import Sequence

from brewslm.core.artifacts.schema import Hypothesis
from brewslm.core.errors import MapperError
from brewslm.core.mapping.outcome import SourceRow
from brewslm.core.mapping.plugin import COLUMNS, made_rows, sureness
from brewslm.core.ports.mappers import InstalledMapper, Mappers
from brewslm.stages.introspect.judge import score
from brewslm.stages.introspect.view import Candidate

SECONDS = 10.0
"""How long a plugin may take for a part of the sample."""


def judge_plugins(
    rows: Sequence[SourceRow], mappers: Mappers, *, seconds: float = SECONDS
) -> tuple[list[Hypothesis], tuple[str, ...]]:
    """Let every plugin read the sample; return their readings, and what is wrong with those that cannot."""
    found: list[Hypothesis] = []
    installed, broken = mappers.installed()
    problems = list(broken)
    for one in installed:
        try:
            hypothesis = _judge(rows, one, seconds)
        except MapperError as error:
            problems.append(str(error))
            continue
        if hypothesis is not None:
            found.append(hypothesis)
    return found, tuple(problems)


def _judge(rows: Sequence[SourceRow], one: InstalledMapper, seconds: float) -> Hypothesis | None:
    records = [row.record for row in rows if row.record is not None]
    sure = sureness(records, one.mapper, one.name, seconds=seconds)
    if sure == 0.0:
        return None
    made = [row for _, row in made_rows(rows, one.mapper, one.name, seconds=seconds)]
    shape = one.mapper.shape
    notes = (f"the mapper {one.name!r} is {sure:.0%} sure",)
    return score(Candidate(shape, COLUMNS[shape], sure, notes, mapper=one.name), rows, made)
