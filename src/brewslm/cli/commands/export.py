"""`brewslm export`: a bundle that works without the project."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.artifacts.bundle import Bundle
    from brewslm.core.ids import ArtifactId, ProjectId


def export(
    project: options.ProjectId,
    experiment: Annotated[
        int | None, typer.Option("--experiment", min=1, metavar="N", help="Of this experiment; the newest by default.")
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", help="huggingface (the default), safetensors, adapter, gguf; by the target where not said."
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="What will load it: transformers, vllm, llama_cpp or ollama.")
    ] = None,
    quantization: Annotated[
        str | None,
        typer.Option("--quantization", help="Of a GGUF file: f32, f16, bf16, q8_0 (the default), q5_k_m, q4_k_m."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Copy the bundle to this new folder as well.")] = None,
    priority: options.Priority = 0,
    engine: options.Engine = "local",
    as_json: options.AsJson = False,
) -> None:
    """10: write an evaluated model as a bundle, and check in the target's own runtime that it is the tuned model."""
    from brewslm.cli.bundles import copy_bundle, refuse_taken
    from brewslm.cli.render.release.bundle import bundle_facts
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.bundle import Bundle
    from brewslm.core.ids import ProjectId
    from brewslm.stages.export.contract import ExportInputs

    if output is not None:
        refuse_taken(output)
    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    adapter_id = adapter_of(session, project_id, experiment)
    report_id = report_of(session, project_id, adapter_id)
    inputs = ExportInputs(
        adapter_id=adapter_id, eval_report_id=report_id, format=format_, target=target, quantization=quantization
    )
    job = session.do(project_id, "export", inputs, priority=priority, engine=engine)
    bundle = product(session, job, Bundle)
    folder = session.shelf(project_id).path(bundle.folder)
    if output is not None:
        copy_bundle(folder, output)
    follow_up = session.next_steps(job, *next_commands(bundle, output or folder, project))
    copy = output.absolute() if output is not None else None
    shown = bundle_facts(bundle, folder, copy)
    session.answer(told(job, bundle, folder=folder, copy=copy), shown, follow_up)


def next_commands(bundle: "Bundle", folder: Path, project: int) -> list[tuple[str, str]]:
    """What can be done with a bundle in a folder, each with what it is good for."""
    from brewslm.core.artifacts.bundle import UPSTREAM_PORTS

    deploy, is_adapter = f"brewslm deploy --project {project}", bundle.format == "adapter"
    found = [(f"brewslm bundle verify {folder}", "check every file against its checksum")]
    if not is_adapter:
        found.append((deploy, "smoke-test it and register a release"))
    found.append((f"brewslm optimize --project {project} --target laptop_cpu", "measure its forms"))
    if (port := UPSTREAM_PORTS.get(bundle.target)) is None:
        return found
    start, where = f"sh {folder}/serve-vllm.sh", "vLLM"
    if is_adapter:
        start, where = f"BASE_MODEL=FOLDER {start}", "vLLM, on its base model"
    if bundle.target == "ollama":
        start, where = f"ollama create NAME -f {folder}/Modelfile", "Ollama"
    there = (f"{deploy} --at http://127.0.0.1:{port}/v1", "then let that answer for a release")
    return [*found, (start, f"start it in {where}"), there]


def adapter_of(session: "Session", project_id: "ProjectId", experiment: int | None) -> "ArtifactId":
    """Return what an experiment left; of the newest training where none is named.

    Raises:
        NotFoundError: there is no such experiment, or it left nothing.
    """
    from brewslm.cli.newest import newest
    from brewslm.core.errors import NotFoundError

    if experiment is None:
        return newest(session, project_id, "train")
    adapters = session.house.projects.artifacts(project_id, kind="adapter")
    own = [record.id for record in adapters if record.body["experiment_id"] == experiment]
    if not own:
        there = sorted({int(record.body["experiment_id"]) for record in adapters})
        known = f"those that did: {', '.join(map(str, there))}" if there else "train first"
        message = f"experiment {experiment} of project {project_id} left no adapter; {known}"
        raise NotFoundError(message)
    return own[-1]


def report_of(session: "Session", project_id: "ProjectId", adapter_id: "ArtifactId") -> "ArtifactId":
    """Return the newest evaluation of this adapter.

    Raises:
        NotFoundError: it was not evaluated.
    """
    from brewslm.core.errors import NotFoundError

    reports = session.house.projects.artifacts(project_id, kind="eval_report")
    own = [record.id for record in reports if record.body["adapter_id"] == adapter_id]
    if not own:
        message = f"adapter {adapter_id!r} was not evaluated; run `brewslm evaluate --project {project_id}` first"
        raise NotFoundError(message)
    return own[-1]
