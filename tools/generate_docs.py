"""Write the pages of docs/ that come out of the code, or say which of them are stale (`--check`)."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from brewslm.core.brew.project_file import ProjectFile
from brewslm.core.events.reasons import TAXONOMY, EventStage
from brewslm.lifecycle import LIFECYCLE

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
        (folder / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"wrote {folder.name}/{name}")
    return 0


def reasons_page() -> str:
    """Return the page of the taxonomy: every reason, what it means, what to do next."""
    lines = [
        "# Reasons",
        "",
        "Every RunEvent has a reason. Scripts may rely on these names: a reason is never re-used and never removed.",
        "Success is the bare noun of the stage, failure is the noun and its cause.",
        "",
        "<!-- Written by tools/generate_docs.py from src/brewslm/core/events/reasons.py; do not edit. -->",
    ]
    stages: list[EventStage] = list(dict.fromkeys(row.stage for row in TAXONOMY.values()))
    for stage in stages:
        lines += [
            "",
            f"## {stage.capitalize()}",
            "",
            "| reason | severity | meaning | next step |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| `{reason}` | {row.severity} | {row.meaning} | {row.next_step} |"
            for reason, row in TAXONOMY.items()
            if row.stage == stage
        ]
    return "\n".join(lines) + "\n"


def stages_page() -> str:
    """Return the page of the lifecycle: every stage, what it takes and makes, what it checks."""
    lines = [
        "# The eleven stages",
        "",
        "Each stage takes artifacts from the shelf and puts one there. Before and after its work it keeps a contract.",
        "",
        "<!-- Written by tools/generate_docs.py from src/brewslm/lifecycle.py; do not edit. -->",
        "",
        "| # | stage | consumes | produces | optional |",
        "|---|---|---|---|---|",
    ]
    for number, stage in enumerate(LIFECYCLE, start=1):
        consumes = ", ".join(stage.consumes) or "a source"
        optional = "yes" if stage.optional else ""
        lines.append(f"| {number:02} | {stage.title} (`{stage.name}`) | {consumes} | {stage.produces} | {optional} |")
    for number, stage in enumerate(LIFECYCLE, start=1):
        lines += ["", f"## {number:02} {stage.title}", ""]
        lines += [f"- before: {check.sentence} (`{check.name}`)" for check in stage.contract.before]
        lines += [f"- after: {check.sentence} (`{check.name}`)" for check in stage.contract.after]
    return "\n".join(lines) + "\n"


def project_schema() -> str:
    """Return the JSON Schema of `brewslm.yaml`, which editors read."""
    return json.dumps(ProjectFile.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "reasons.md": reasons_page,
    "stages.md": stages_page,
    "brewslm.schema.json": project_schema,
}


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
