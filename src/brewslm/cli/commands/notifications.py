"""`brewslm notifications …`: the bell."""

from typing import Annotated

import typer

from brewslm.cli import options

app = typer.Typer(help="What has happened that somebody should know; unread until somebody has read it.")


@app.callback(invoke_without_command=True)
def _unread(context: typer.Context, as_json: options.AsJson = False) -> None:
    """List those that nobody has read; `list --all` shows the others, too."""
    if context.invoked_subcommand is None:
        list_(as_json=as_json)


@app.command("list")
def list_(
    is_all: Annotated[bool, typer.Option("--all", help="Those that were read, too.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The newest so many.")] = 20,
    as_json: options.AsJson = False,
) -> None:
    """List notifications, the newest first."""
    from brewslm.cli.render.alerts import notification_page
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    page = session.house.notifications.list(is_unread=None if is_all else True, limit=limit)
    session.answer(page, *notification_page(page, is_all=is_all))


@app.command("read")
def read(
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Those to mark.")] = None,
    up_to: Annotated[int, typer.Option("--up-to", min=0, metavar="ID", help="Mark all up to this one.")] = 0,
    is_all: Annotated[bool, typer.Option("--all", help="Mark all that there are.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Mark notifications as read."""
    from brewslm.cli.session import open_session

    if not ids and not up_to and not is_all:
        raise typer.BadParameter("name the ids to mark, or give --up-to ID or --all", param_hint="ID")
    session = open_session(is_json=as_json)
    if is_all:
        newest = session.house.notifications.list(limit=1).notifications
        up_to = newest[0].id if newest else 0
    marked = session.house.notifications.mark_read(ids=ids or (), up_to_id=up_to)
    session.answer(marked, f"{marked.num_marked} marked as read; {marked.num_unread} unread.")
