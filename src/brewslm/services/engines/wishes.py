"""What a job will run on, as far as it can be known when it is asked for."""

from typing import Any

from pydantic import ValidationError

from brewslm.core.engines.names import EngineName
from brewslm.core.errors import InvalidRequestError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.job import MOVABLE, JobKind
from brewslm.core.ports.engines.clusters import Clusters, not_described
from brewslm.core.ports.storage import Transaction
from brewslm.core.recipe.placement import PlacementSettings
from brewslm.services.engines.line import slots_of, wish_for

_SECTION = "placement."


def require_engine(engine: EngineName, kind: JobKind, clusters: Clusters) -> None:
    """Refuse an engine that the work cannot be given to, before anything is queued.

    Raises:
        InvalidRequestError: it is not described, or this kind of work is not done elsewhere.
    """
    if engine == "local":
        return
    if kind not in MOVABLE:
        how = "; set placement.engine in its recipe" if kind in {"train", "autopilot"} else ""
        raise InvalidRequestError(f"engine={engine!r} is not for {kind!r}, only for {', '.join(sorted(MOVABLE))}{how}")
    if engine not in slots_of(clusters.settings()):
        raise InvalidRequestError(not_described(engine).problem)


def device_wish(
    transaction: Transaction,
    project_id: ProjectId,
    kind: JobKind,
    payload: dict[str, Any],
    engine: EngineName = "local",
) -> str | None:
    """Return what a queued job holds as its device: a cluster, every device of this machine, or None for any one.

    A job whose plan cannot be found, or is of another version, is found wrong where it runs.

    Args:
        transaction: what to read plans from.
        project_id: whose job it is.
        kind: of the job.
        payload: its inputs or its request; those of trainings name an engine themselves.
        engine: where the others are to be done.
    """
    if engine != "local":
        return engine
    try:
        placement = _placement(transaction, project_id, kind, payload)
    except (NotFoundError, KeyError, TypeError, ValidationError):
        return None
    return wish_for(placement)


def _placement(
    transaction: Transaction, project_id: ProjectId, kind: JobKind, payload: dict[str, Any]
) -> PlacementSettings:
    if kind == "train":
        record = transaction.artifacts.get(project_id, ArtifactId(payload["readiness_id"]))
        return _planned(record.body)
    if kind != "autopilot":
        return PlacementSettings()
    guard = payload.get("guard")
    if guard is not None:
        records = transaction.artifacts.list(project_id=project_id, kind="readiness")
        return next((_planned(one.body) for one in records if one.body.get("guard") == guard), PlacementSettings())
    chosen = {name.removeprefix(_SECTION): value for name, value in payload["overrides"].items() if _SECTION in name}
    return PlacementSettings.model_validate(chosen)


def _planned(body: dict[str, Any]) -> PlacementSettings:
    return PlacementSettings.model_validate(body["plan"]["recipe"].get("placement", {}))
