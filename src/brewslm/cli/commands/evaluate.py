"""`brewslm evaluate`: did it get better than its base, and is that real."""

from pathlib import Path
from typing import Annotated

import typer

from brewslm.cli import options


def evaluate(
    project: options.ProjectId,
    file: Annotated[
        Path | None, typer.Option("--file", help="Also measure accuracy on this file; for classification.")
    ] = None,
    prompts: options.Prompts = None,
    pack: Annotated[
        str | None,
        typer.Option("--pack", metavar="NAME", help="What to measure: a pack of the workspace, or a file of YAML."),
    ] = None,
    priority: options.Priority = 0,
    engine: options.Engine = "local",
    as_json: options.AsJson = False,
) -> None:
    """09: score base and tuned model on the same rows, and answer prompts side by side."""
    from brewslm.cli.commands.evaluations import text_of
    from brewslm.cli.locators import absolute
    from brewslm.cli.render.training import evaluation_page
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.eval_report import EvalReport
    from brewslm.core.ids import ProjectId
    from brewslm.services.evaluation.packs import valid_pack
    from brewslm.services.requests import EvaluationRequest

    session = open_session(is_json=as_json)
    text = text_of(pack) if pack is not None else None
    if pack is not None and text is None:
        session.house.eval_packs.show(pack)
    request = EvaluationRequest(
        locator=absolute(str(file)) if file is not None else None,
        prompts=tuple(prompts or ()),
        pack=pack if text is None else valid_pack(text, str(pack)),
    )
    job = session.do(ProjectId(project), "evaluation", request, priority=priority, engine=engine)
    report = product(session, job, EvalReport)
    follow_up = session.next_steps(
        job, (f"brewslm export --project {project} --format huggingface --target vllm", "make a bundle of it")
    )
    session.answer(told(job, report), *evaluation_page(report), follow_up)
