"""`brewslm forecast`: will this training beat its base, and how did earlier forecasts come out."""

from typing import Annotated

import typer

from brewslm.cli import options


def forecast(
    project: options.ProjectId,
    sample: Annotated[int, typer.Option("--sample", min=20, max=10_000, help="Eval rows that are looked at.")] = 200,
    probe_steps: Annotated[
        int, typer.Option("--probe-steps", min=0, max=2_000, help="Steps that may be trained to see; 0 for none.")
    ] = 50,
    calibration: Annotated[
        bool, typer.Option("--calibration", help="Make none: show how earlier forecasts came out.")
    ] = False,
    priority: options.Priority = 0,
    engine: options.Engine = "local",
    as_json: options.AsJson = False,
) -> None:
    """Say whether the newest plan will probably beat its base by the gates, and what its eval loss will be."""
    from brewslm.cli.render.outlooks import calibration_page, forecast_page
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.outlook.forecast import Forecast
    from brewslm.core.ids import ProjectId
    from brewslm.services.requests import ForecastRequest

    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    if calibration:
        found = session.house.outlooks.calibration(project_id)
        session.answer(found, *calibration_page(found))
        return
    job = session.do(
        project_id,
        "forecast",
        ForecastRequest(sample=sample, probe_steps=probe_steps),
        priority=priority,
        engine=engine,
    )
    made = product(session, job, Forecast)
    steps = (
        (f"brewslm train --project {project}", "launch the plan"),
        (f"brewslm forecast --project {project} --calibration", "see how earlier forecasts came out"),
    )
    session.answer(told(job, made), *forecast_page(made), session.next_steps(job, *steps))
