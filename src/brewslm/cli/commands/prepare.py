"""`brewslm prepare`: split the newest dataset and tokenise it."""

from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import choices, options

if TYPE_CHECKING:
    from brewslm.core.artifacts.manifest import SplitShares

_SHOWN_LEAKS = 5


def prepare(
    project: options.ProjectId,
    base_model: options.BaseModel = None,
    max_seq_len: options.MaxSeqLen = None,
    truncation: Annotated[
        choices.Truncation | None,
        typer.Option("--truncation", help="What happens to longer ones: left out, cut off, or all refused."),
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", metavar="SHARES", help="Shares of train, eval and test: 0.8,0.1,0.1.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, metavar="NUMBER", help="Another one splits otherwise.")
    ] = None,
    group_by: Annotated[
        str | None, typer.Option("--group-by", metavar="KEY", help="Never part examples of one value of the metadata.")
    ] = None,
    time_by: Annotated[
        str | None, typer.Option("--time-by", metavar="KEY", help="Test on the newest, by this time in the metadata.")
    ] = None,
    has_source_splits: Annotated[bool, typer.Option("--source-splits", help="Keep the source's own splits.")] = False,
    leaks: Annotated[
        choices.LeakPolicy | None,
        typer.Option("--leaks", help="What is done with what train shares with eval or test."),
    ] = None,
    leak_check: Annotated[
        choices.LeakCheck | None, typer.Option("--leak-check", help="What counts as the same.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """06: split the newest dataset, look for leaks, and tokenise it for a base model."""
    from brewslm.cli.newest import newest
    from brewslm.cli.render.splits import manifest_page
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.manifest import Manifest
    from brewslm.core.ids import ProjectId
    from brewslm.services.preparing import preparation_for

    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    dataset_id = newest(session, project_id, "clean", "map_commit")
    chosen = {
        "base_model": base_model,
        "max_seq_len": max_seq_len,
        "truncation": truncation,
        "shares": None if split is None else shares_of(split),
        "seed": seed,
        "group_by": group_by,
        "time_by": time_by,
        "use_source_splits": has_source_splits,
        "leak_policy": leaks,
        "leak_check": leak_check,
    }
    owner = session.house.projects.get(project_id)
    inputs = preparation_for(owner, dataset_id, session.house.ports.base_models, chosen)
    job = session.do(project_id, "prepare", inputs)
    made = product(session, job, Manifest)
    path = next((file.path for file in made.files if file.path.endswith("/leaks.parquet")), None)
    first = []
    if path is not None and made.leaks:
        first = session.house.ports.tables.page(session.shelf(project_id).path(path), start=0, limit=_SHOWN_LEAKS)
    follow_up = session.next_steps(
        job,
        (f"brewslm xray --project {project}", "see what is trained, token by token"),
        (f"brewslm preflight --project {project} --plan", "see what a training would take"),
    )
    session.answer(told(job, made), *manifest_page(made, first), follow_up)


def shares_of(text: str) -> "SplitShares":
    """Read the shares of train, eval and test.

    Raises:
        typer.BadParameter: there are not three numbers.
    """
    from brewslm.core.artifacts.manifest import SplitShares

    try:
        train, evaluated, test = (float(part) for part in text.split(","))
    except ValueError:
        message = f"{text!r} is not three numbers with commas, such as 0.8,0.1,0.1"
        raise typer.BadParameter(message, param_hint="--split") from None
    return SplitShares(train=train, eval=evaluated, test=test)
