"""Write the pages of docs/ that come out of the code, or say which of them are stale (`--check`)."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from pages.commands import commands_page
from pages.fields import project_file_page, project_schema, recipe_page
from pages.http import http_page
from pages.lifecycle import reasons_page, stages_page

ROOT = Path(__file__).resolve().parent.parent


def main(words: list[str]) -> int:
    """Write the pages; with `--check` write nothing, and return 1 when one is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say which pages are stale")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs", help="where the pages lie")
    options = parser.parse_args(words)
    folder: Path = options.folder
    stale = [name for name, make in PAGES.items() if _text(folder / name) != make()]
    if options.check:
        for name in stale:
            print(f"{folder.name}/{name} is stale. Next: run `python tools/generate_docs.py`", file=sys.stderr)
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"wrote {folder.name}/{name}")
    return 0


PAGES: dict[str, Callable[[], str]] = {
    "reasons.md": reasons_page,
    "stages.md": stages_page,
    "brewslm.schema.json": project_schema,
    "reference/cli.md": commands_page,
    "reference/http-api.md": http_page,
    "reference/recipe.md": recipe_page,
    "reference/brewslm-yaml.md": project_file_page,
}


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
