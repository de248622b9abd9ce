"""What a job will run on, as far as it can be known when it is asked for."""

from typing import Any

from pydantic import ValidationError

from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.job import JobKind
from brewslm.core.ports.storage import Transaction
from brewslm.core.recipe.placement import PlacementSettings
from brewslm.services.engines.line import wish_for

_SECTION = "placement."


def device_wish(transaction: Transaction, project_id: ProjectId, kind: JobKind, payload: dict[str, Any]) -> str | None:
    """Return what a queued job holds as its device: a cluster, every device of this machine, or None for any one.

    A job whose plan cannot be found, or is of another version, is found wrong where it runs.
    """
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
