"""`brewslm keys …`: what clients of an endpoint show."""

from typing import Annotated

import typer

from brewslm.cli import options

app = typer.Typer(help="Keys of an endpoint: each is shown once, and kept as a hash.", no_args_is_help=True)


@app.command("create")
def create(
    project: options.ProjectId,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Who uses it.")],
    as_json: options.AsJson = False,
) -> None:
    """Make a key, and show it: it is never shown again."""
    from brewslm.bootstrap.access import server_address
    from brewslm.cli.render.parts import facts
    from brewslm.cli.session import open_session
    from brewslm.core.errors import NotFoundError

    session = open_session(is_json=as_json)
    key, secret = session.house.keys.create(options.id_of(project), name)
    model = session.house.projects.get(key.project_id).name
    try:
        address = f"{server_address(session.settings)}/v1"
    except NotFoundError:
        address = "http://127.0.0.1:8000/v1 (once `brewslm serve` runs)"
    told = {"id": key.id, "project_id": project, "name": key.name, "key": secret, "base_url": address, "model": model}
    session.answer(
        told,
        f"Key {key.id} for {key.name}. Copy it now: it is kept as a hash, and never shown again.",
        facts([("OPENAI_API_KEY", secret), ("OPENAI_BASE_URL", address), ("model", model)]),
    )


@app.command("list")
def list_(project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """List the keys of an endpoint; also those that were revoked."""
    from brewslm.cli.render.parts import next_steps, table
    from brewslm.cli.session import open_session
    from brewslm.cli.text import when_short

    session = open_session(is_json=as_json)
    keys = session.house.keys.list(options.id_of(project))
    told = [key.model_dump(mode="json", exclude={"sha256"}) for key in keys]
    if not keys:
        make_one = (f"brewslm keys create --project {project} --name NAME", "make one")
        session.answer(told, "There is no key yet, so nobody is answered.", next_steps(make_one))
        return
    shown = [
        (
            str(key.id),
            key.name,
            f"{key.hint}…",
            when_short(key.created_at),
            f"revoked {when_short(key.revoked_at)}" if key.revoked_at else "good",
        )
        for key in keys
    ]
    session.answer(told, table(("id", "name", "begins with", "made at", "state"), shown))


@app.command("revoke")
def revoke(
    key: Annotated[int, typer.Argument(metavar="KEY", min=1, help="The key's id.")],
    project: options.ProjectId,
    as_json: options.AsJson = False,
) -> None:
    """Let a key open nothing any more, from the next request on."""
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    found = session.house.keys.revoke(options.id_of(project), key)
    session.answer(found.model_dump(mode="json", exclude={"sha256"}), f"Key {found.id} ({found.name}) opens nothing.")
