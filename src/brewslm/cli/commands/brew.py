"""`brewslm build` and `brewslm start`: a `brew.py`, checked, and run in the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.core.brew.trainer import BrewManifest

PlaceArgument = Annotated[
    Path, typer.Argument(metavar="[PATH]", help="A folder with a brew.py or brewslm.yaml, or such a file.")
]
MANIFEST = Path(".brewslm") / "manifest.json"


def build(path: PlaceArgument = Path(), as_json: options.AsJson = False) -> None:
    """Load a brew.py in a process of its own, check what it asks for, and write .brewslm/manifest.json beside it."""
    from brewslm.cli.render.brew import manifest_page
    from brewslm.cli.session import open_session
    from brewslm.services.brewing.reading import file_needed
    from brewslm.services.brewing.requests import check_trainer

    file = file_needed(path)
    session = open_session(is_json=as_json)
    manifest = session.house.brew_reader.read(file).manifest()
    check_trainer(manifest.trainer, file.parent, session.house.ports.sources)
    written = _write(manifest, file.parent / MANIFEST)
    session.answer(manifest, *manifest_page(manifest, written))


def start(path: PlaceArgument = Path(), priority: options.Priority = 0, as_json: options.AsJson = False) -> None:
    """Import, train and evaluate what a brew.py asks for, and run its callbacks. The work outlives this terminal."""
    from brewslm.cli.brewing import run_brew
    from brewslm.cli.commands.train import show_result
    from brewslm.cli.session import completed, open_session
    from brewslm.services.brewing.reading import file_needed

    file = file_needed(path)
    session = open_session(is_json=as_json)
    show_result(session, completed(run_brew(session, file, priority=priority)))


def _write(manifest: "BrewManifest", path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".partial")
    draft.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return draft.replace(path)
