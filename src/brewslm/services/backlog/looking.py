"""A look at the newest run at the end of a flow that has made one."""

from brewslm.services.flows import FlowRun


def look_at_newest(run: FlowRun) -> None:
    """Bring the project's backlog up to date."""
    # Statistics load numpy, which no command needs before something was evaluated.
    from brewslm.services.backlog.book import ITSELF, Backlog

    Backlog(run.ports, actor=ITSELF).look(run.claim.job.project_id)
