"""The fenced blocks of the pages, and the command lines in them."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.tree import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
WALKTHROUGHS = sorted(
    path for folder in ("tutorials", "how-to") for path in (ROOT / "docs" / folder).glob("*.md") if path.stem != "index"
)
_FENCE = re.compile(r'^(?P<mark>```+)(?P<language>[\w-]*)(?: title="(?P<title>[^"]+)")?\s*$')


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two fences."""

    page: Path
    line: int
    language: str
    title: str | None
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    found: list[Block] = []
    lines = page.read_text(encoding="utf-8").splitlines()
    begin: re.Match[str] | None = None
    first = 0
    for number, line in enumerate(lines, start=1):
        if begin is None:
            begin, first = _FENCE.match(line), number
        elif line.startswith(begin["mark"]):
            text = "\n".join(lines[first : number - 1]) + "\n"
            found.append(Block(page, first, begin["language"], begin["title"], text))
            begin = None
    assert begin is None, f"{page}:{first} is not closed"
    return found


def commands(block: Block) -> list[list[str]]:
    """Return the words of each `brewslm` command line of a block, without what is said about it."""
    text = block.text.replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        matched = re.match(r"^(?:\$ )?(?:\./)?brewslm (?P<rest>.*)$", line)
        if not matched or matched["rest"].startswith("--setup"):  # the launcher's own
            continue
        rest = matched["rest"]
        if not block.language:
            rest = re.split(r" {2,}(?! *--)", rest.split(" #", 1)[0])[0]  # a list of commands and what they do
        words = shlex.split(rest, comments=True)
        cut = next((at for at, word in enumerate(words) if word in {"|", "||", ">", "&", "&&", ";"}), len(words))
        found.append(words[:cut])
    return found
