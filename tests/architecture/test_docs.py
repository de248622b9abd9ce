"""Generated pages are fresh, and links between the project's pages lead somewhere."""

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.architecture.tree import ROOT

_LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/generate_docs.py, within this process, which has loaded most of what the pages come out of."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("generate_docs")


def test_generated_pages_are_fresh(generator: ModuleType) -> None:
    assert generator.main(["--check"]) == 0


def test_a_stale_page_is_named(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = {name: generator.PAGES[name] for name in ("reasons.md", "stages.md")}
    monkeypatch.setattr(generator, "PAGES", quick)
    assert generator.main(["--folder", str(tmp_path)]) == 0
    assert generator.main(["--check", "--folder", str(tmp_path)]) == 0

    page = tmp_path / "reasons.md"
    page.write_text(page.read_text().replace("training_oom", "training_out_of_memory"))

    assert generator.main(["--check", "--folder", str(tmp_path)]) == 1
    errors = capsys.readouterr().err
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
