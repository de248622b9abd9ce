"""`brewslm export`: a bundle that works without the project."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.ids import ArtifactId, ProjectId


def export(
    project: options.ProjectId,
    format_: Annotated[str, typer.Option("--format", help="The form of the bundle: huggingface.")] = "huggingface",
    target: Annotated[str, typer.Option("--target", help="What will load it: transformers or vllm.")] = "transformers",
    output: Annotated[Path | None, typer.Option("--output", help="Copy the bundle to this new folder as well.")] = None,
    priority: options.Priority = 0,
    as_json: options.AsJson = False,
) -> None:
    """10: merge the newest evaluated adapter into a bundle, and check that it answers like the tuned model."""
    from brewslm.cli.bundles import copy_bundle, refuse_taken
    from brewslm.cli.newest import newest
    from brewslm.cli.render.parts import facts
    from brewslm.cli.session import open_session, product, told
    from brewslm.cli.text import size
    from brewslm.core.artifacts.bundle import Bundle
    from brewslm.core.ids import ProjectId
    from brewslm.stages.export.contract import ExportInputs

    if output is not None:
        refuse_taken(output)
    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    adapter_id = newest(session, project_id, "train")
    report_id = report_of(session, project_id, adapter_id)
    inputs = ExportInputs(adapter_id=adapter_id, eval_report_id=report_id, format=format_, target=target)
    job = session.do(project_id, "export", inputs, priority=priority)
    bundle = product(session, job, Bundle)
    folder = session.shelf(project_id).path(bundle.folder)
    if output is not None:
        copy_bundle(folder, output)
    num_bytes = sum(file.size_bytes for file in bundle.files)
    parity = bundle.parity
    pairs = [
        ("bundle", str(folder)),
        ("copy", str(output.absolute()) if output is not None else ""),
        ("form", f"{bundle.format} for {bundle.target}, {bundle.dtype}, {size(num_bytes)}, {len(bundle.files)} files"),
        (
            "parity",
            f"loss {parity.merged_loss:.5f}, tuned model {parity.adapter_loss:.5f} on {parity.num_examples} rows",
        ),
        ("", f"same greedy answers: {'yes' if parity.same_greedy_tokens else 'no'}"),
    ]
    follow_up = session.next_steps(
        job,
        (f"brewslm bundle verify {output or folder}", "check every file against its checksum"),
        (f"brewslm deploy --project {project}", "smoke-test it and register a release"),
        (f"brewslm optimize --project {project} --target laptop_cpu", "measure its forms"),
    )
    shown = facts((name, value) for name, value in pairs if value)
    session.answer(told(job, bundle, folder=folder, copy=output.absolute() if output else None), shown, follow_up)


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
