"""Generated pages are fresh, and links between the project's pages lead somewhere."""

import re
from pathlib import Path

from tests.architecture.tree import ROOT, run_python

_LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def generate(*words: str) -> tuple[int, str]:
    result = run_python(str(ROOT / "tools" / "generate_docs.py"), *words)
    return result.returncode, result.stderr


def test_generated_pages_are_fresh() -> None:
    assert generate("--check") == (0, "")


def test_a_stale_page_is_named(tmp_path: Path) -> None:
    assert generate("--folder", str(tmp_path))[0] == 0
    assert generate("--check", "--folder", str(tmp_path))[0] == 0

    page = tmp_path / "reasons.md"
    page.write_text(page.read_text().replace("training_oom", "training_out_of_memory"))

    code, errors = generate("--check", "--folder", str(tmp_path))
    assert code == 1
    assert "reasons.md is stale" in errors
    assert "stages.md" not in errors


def test_links_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in _LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert not broken


def test_decisions_are_numbered_without_gaps_or_doubles() -> None:
    numbers = [int(page.name[:4]) for page in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
