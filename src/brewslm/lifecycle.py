"""THE SPINE: the eleven stages, in order, once."""

from typing import Any

from brewslm.core.artifacts.base import ArtifactKind
from brewslm.core.stage import Stage
from brewslm.core.stage_name import StageName
from brewslm.stages.clean import CLEAN
from brewslm.stages.deploy import DEPLOY
from brewslm.stages.evaluate import EVALUATE
from brewslm.stages.export import EXPORT
from brewslm.stages.ingest import INGEST
from brewslm.stages.introspect import INTROSPECT
from brewslm.stages.mapping import MAP_COMMIT, MAP_DRY_RUN
from brewslm.stages.preflight import PREFLIGHT
from brewslm.stages.prepare import PREPARE
from brewslm.stages.train import TRAIN

LIFECYCLE: tuple[Stage[Any, Any], ...] = (
    INGEST,
    INTROSPECT,
    MAP_DRY_RUN,
    MAP_COMMIT,
    CLEAN,
    PREPARE,
    PREFLIGHT,
    TRAIN,
    EVALUATE,
    EXPORT,
    DEPLOY,
)

STAGES: dict[StageName, Stage[Any, Any]] = {stage.name: stage for stage in LIFECYCLE}


def stage_number(name: StageName) -> int:
    """Return the place of a stage in the lifecycle, from 1."""
    return [stage.name for stage in LIFECYCLE].index(name) + 1


def flow_problems(stages: tuple[Stage[Any, Any], ...] = LIFECYCLE) -> tuple[str, ...]:
    """Say in sentences which stages consume what no earlier stage produces."""
    shelf: set[ArtifactKind] = set()
    problems: list[str] = []
    for stage in stages:
        problems += [
            f"{stage.name} consumes {kind!r}, which no earlier stage produces"
            for kind in stage.consumes
            if kind not in shelf
        ]
        shelf.add(stage.produces)
    return tuple(problems)
