"""Build the documentation site strictly, and check what MkDocs does not: it fetches nothing from elsewhere."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from brewslm.core.events.reasons import TAXONOMY

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "site"
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|video)\b[^>]*\bsrc="(?:https?:)?//[^"]*"
    |<link\b[^>]*\brel="?(?:stylesheet|preconnect|preload|icon)"?[^>]*\bhref="(?:https?:)?//[^"]*"
    |(?:url\(|@import\s+)["']?(?:https?:)?//[^"')]*""",
    re.VERBOSE,
)
"""What a browser fetches by itself; links that a reader follows are no such thing."""


def main() -> int:
    """Build it; return 1 where it is not as it should be."""
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"], cwd=ROOT, env=quiet, check=False
    )
    if built.returncode:
        return built.returncode
    problems = [*_fetched(SITE), *_unfound_reasons(SITE)]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"The site is in {SITE.relative_to(ROOT)}; open index.html there")
    return 1 if problems else 0


def _fetched(site: Path) -> list[str]:
    """Return each address that a page or style of the site fetches from elsewhere."""
    return [
        f"{path.relative_to(ROOT)} fetches {found[0][:120]}. Next: keep the file in docs/"
        for path in sorted([*site.rglob("*.html"), *site.rglob("*.css")])
        for found in _FETCHED.finditer(path.read_text(encoding="utf-8"))
    ]


def _unfound_reasons(site: Path) -> list[str]:
    """Return each reason of the taxonomy that the search would not find at its heading."""
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    places = {entry["location"] for entry in index["docs"]}
    return [f"the search does not find {reason!r}" for reason in TAXONOMY if f"reasons.html#{reason}" not in places]


if __name__ == "__main__":
    sys.exit(main())
