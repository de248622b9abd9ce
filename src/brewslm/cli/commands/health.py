"""`brewslm dataset health`: what is known of the present data, check by check."""

from brewslm.cli import options


def health(project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """Look at the newest dataset: ok, warn or block, why, where the rows are, and what to do."""
    from brewslm.cli.render.health import health_page
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    report = session.house.health.report(ProjectId(project))
    session.answer(report, *health_page(report))
