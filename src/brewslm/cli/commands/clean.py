"""`brewslm clean`: stage 05, tried or applied."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import background, choices, options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.artifacts.cleaning import CleaningPlan
    from brewslm.core.ids import ArtifactId, ProjectId


def clean(
    project: options.ProjectId,
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", help="A YAML file of rules; options win over it.")
    ] = None,
    is_preview: Annotated[bool, typer.Option("--preview", help="Only show what it would do; write nothing.")] = False,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="ID", help="Clean this version; the newest by default.")
    ] = None,
    pii: Annotated[
        choices.PiiPolicy | None, typer.Option("--pii", help="What to do about personal data and secrets.")
    ] = None,
    near_duplicates: Annotated[
        float | None,
        typer.Option(
            "--near-duplicates",
            min=0.3,
            max=1,
            metavar="SHARE",
            help="Take out what is so much like another, e.g. 0.85.",
        ),
    ] = None,
    keeps_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Leave exact duplicates in; by default they go.")
    ] = False,
    language: Annotated[
        list[str] | None, typer.Option("--language", metavar="CODE", help="Keep only this language. Repeatable.")
    ] = None,
    min_length: Annotated[
        int | None, typer.Option("--min-length", metavar="CHARACTERS", min=0, help="Take out shorter examples.")
    ] = None,
    max_length: Annotated[
        int | None, typer.Option("--max-length", metavar="CHARACTERS", min=0, help="Take out longer examples.")
    ] = None,
    normalises: Annotated[
        bool, typer.Option("--normalise", help="Unicode NFC; no control, invisible or odd space characters.")
    ] = False,
    chunk_tokens: Annotated[
        int | None, typer.Option("--chunk-tokens", metavar="TOKENS", help="Cut documents into chunks of this size.")
    ] = None,
    overlap: Annotated[
        int | None, typer.Option("--overlap", metavar="TOKENS", help="Begin a chunk with so much of the last.")
    ] = None,
    base_model: options.BaseModel = None,
    as_json: options.AsJson = False,
) -> None:
    """05: make the next dataset version by rules, of which each change is listed; exact duplicates by default."""
    from brewslm.cli.cleaning_options import plan_from
    from brewslm.cli.newest import newest
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ArtifactId, ProjectId

    if is_preview and background.is_wanted.get():
        message = "a preview shows what it finds, and leaves nothing to come back to"
        raise typer.BadParameter(message, param_hint="--preview / --background")
    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    if chunk_tokens is not None and base_model is None and rules is None:
        base_model = session.house.projects.get(project_id).base_model
    plan = plan_from(
        rules,
        pii=pii,
        near_duplicates=near_duplicates,
        keeps_duplicates=keeps_duplicates,
        languages=language,
        min_length=min_length,
        max_length=max_length,
        normalises=normalises,
        chunk_tokens=chunk_tokens,
        overlap=overlap,
        base_model=base_model,
    )
    dataset_id = ArtifactId(dataset) if dataset is not None else newest(session, project_id, "clean", "map_commit")
    (_try if is_preview else _apply)(session, project_id, dataset_id, plan)


def _try(session: "Session", project_id: "ProjectId", dataset_id: "ArtifactId", plan: "CleaningPlan") -> None:
    from brewslm.cli.render.cleaning import cleaning_page
    from brewslm.cli.render.parts import next_steps

    preview = session.house.cleaning.preview(project_id, plan, dataset_id=dataset_id)
    follow_up = next_steps((f"brewslm clean --project {project_id} …", "the same without --preview applies it"))
    session.answer(preview, *cleaning_page(preview.report, is_preview=True), follow_up)


def _apply(session: "Session", project_id: "ProjectId", dataset_id: "ArtifactId", plan: "CleaningPlan") -> None:
    from brewslm.cli.render.cleaning import cleaning_page
    from brewslm.cli.render.data import dataset_page
    from brewslm.cli.session import product, told
    from brewslm.core.artifacts.dataset import Dataset
    from brewslm.stages.clean.contract import CleanInputs

    job = session.do(project_id, "clean", CleanInputs(dataset_id=dataset_id, plan=plan))
    made = product(session, job, Dataset)
    page = cleaning_page(made.cleaning, is_preview=False) if made.cleaning is not None else ()
    follow_up = session.next_steps(job, (f"brewslm prepare --project {project_id}", "split and tokenise"))
    session.answer(told(job, made), *page, *dataset_page(made), follow_up)
