"""What a command goes on from, where the user names nothing: what the newest completed stage made."""

from brewslm.cli.session import Session
from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.stage_name import StageName

_FIRST_STEPS: dict[StageName, tuple[str, str]] = {
    "ingest": ("snapshot", "brewslm ingest PATH"),
    "introspect": ("schema", "brewslm introspect"),
    "map_dry_run": ("mapping that was tried", "brewslm map --dry-run"),
    "map_commit": ("dataset", "brewslm dataset import PATH"),
    "preflight": ("plan", "brewslm preflight --plan"),
    "train": ("adapter", "brewslm train --autopilot --one-click"),
    "export": ("bundle", "brewslm export"),
}
"""What a stage leaves, in words, and the command that makes it."""


def newest(session: Session, project_id: ProjectId, *stages: StageName) -> ArtifactId:
    """Return what the newest completed job of these stages made.

    Raises:
        NotFoundError: there is no such project, or none of them has completed there.
    """
    session.house.projects.get(project_id)
    found = session.house.projects.current(project_id, *stages)
    if found is None:
        product, command = _FIRST_STEPS[stages[-1]]
        message = f"project {project_id} has no {product} yet; make one with `{command} --project {project_id}`"
        raise NotFoundError(message)
    return found
