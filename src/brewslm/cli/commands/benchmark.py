"""`brewslm benchmark`: which base model suits this data."""

from typing import Annotated

import typer

from brewslm.cli import options


def benchmark(
    project: options.ProjectId,
    models: Annotated[
        str, typer.Option("--models", metavar="A,B,C", help="Base models: bundled names, folders, Hugging Face ids.")
    ],
    sample: Annotated[
        int, typer.Option("--sample", min=20, max=10_000, help="Eval rows that each is scored on.")
    ] = 200,
    probe_steps: Annotated[
        int, typer.Option("--probe-steps", min=0, max=2_000, help="Steps of a short training; 0 leaves it out.")
    ] = 50,
    priority: options.Priority = 0,
    engine: options.Engine = "local",
    as_json: options.AsJson = False,
) -> None:
    """Score base models on the same eval rows, as they are and after a short training, and rank them."""
    from brewslm.cli.commands.preflight import prepared
    from brewslm.cli.render.outlooks import benchmark_page
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.outlook.benchmark import Benchmark
    from brewslm.core.ids import ProjectId
    from brewslm.services.requests import BenchmarkRequest

    names = tuple(name.strip() for name in models.split(",") if name.strip())
    if not names:
        raise typer.BadParameter("name at least one base model, such as brewslm-tiny-v1", param_hint="--models")
    session = open_session(is_json=as_json)
    session.house.jobs.require_engine(engine, "benchmark")
    project_id = ProjectId(project)
    manifest = prepared(session, project_id, base_model=None, max_seq_len=None)
    request = BenchmarkRequest(models=names, sample=sample, probe_steps=probe_steps, manifest_id=manifest.id)
    job = session.do(project_id, "benchmark", request, priority=priority, engine=engine)
    made = product(session, job, Benchmark)
    steps = [
        (f"brewslm train --project {project} --autopilot --one-click --base-model {one.name}", "train it")
        for one in made.hopeful[:1]
    ]
    session.answer(told(job, made), *benchmark_page(made), *([session.next_steps(job, *steps)] if steps else ()))
