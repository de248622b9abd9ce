"""Make the Studio's pictures for docs/ (`make screenshots`): a real life, a real server, in both themes.

`python -m tests.browser.screenshots [FOLDER]`; FOLDER is a workspace to use again, made where it is not there.
"""

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.chromium import chromium
from tests.browser.window import ROOT, Window
from tests.journeys.brew import Brew

PICTURES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1280, 800
LARGEST_BYTES = 150_000


def main(words: list[str]) -> int:
    """Lead the life, then take every picture."""
    folder = Path(words[0]) if words else Path(tempfile.mkdtemp(prefix="brewslm-screenshots-")) / "home"
    brew = Brew(folder.absolute(), {})
    if not (folder / "brewslm.db").exists():
        _lead(brew, "project create --name support --template support")
        _lead(brew, "dataset import --project 1 --sample support-chat-v1")
        _lead(brew, "train --project 1 --autopilot --one-click --profile safe")
        _lead(brew, "export --project 1")
        _lead(brew, "deploy --project 1")
    job = next(one for one in brew.ask("jobs", "list", "--project", "1", "--all") if one["kind"] == "train")
    PICTURES.mkdir(exist_ok=True)
    with brew.server() as server, chromium() as browser:
        for theme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme, reduced_motion="reduce"
            )
            context.set_default_timeout(60_000)
            page = context.new_page()
            page.goto(server.post("/api/login-addresses", None)[1]["url"])
            window = Window(page, server.url)
            for name, (route, ready) in pictures(job["id"]).items():
                window.open(route)
                ready(page)
                _save(page.screenshot(), PICTURES / f"{name}-{theme}.webp")
            context.close()
    return 0


def _lead(brew: Brew, line: str) -> None:
    """Run a command to its end, however long that takes."""
    process = brew.start(*line.split())
    _, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"brewslm {line}: {errors}")


def pictures(job_id: int) -> dict[str, tuple[str, Callable[[Page], None]]]:
    """Name of a picture to the route of its page, and what has to be there before it is taken."""
    return {
        "studio-overview": ("/projects/1", _settled),
        "studio-data": ("/projects/1/data?tab=rejections", _rejections),
        "studio-preflight": ("/projects/1/preflight", _settled),
        "studio-job": (f"/jobs/{job_id}", lambda page: expect(page.locator("canvas").first).to_be_visible()),
        "studio-evaluate": ("/projects/1/evaluate", _settled),
    }


def _settled(page: Page) -> None:
    page.wait_for_load_state("load")
    expect(page.locator("h1")).to_be_visible()


def _rejections(page: Page) -> None:
    expect(page.get_by_text("malformed record").first).to_be_visible()


def _save(picture: bytes, path: Path) -> None:
    """Write it as WebP, as sharp as the limit allows."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for quality in (90, 80, 70, 60):
        image.save(path, "WEBP", quality=quality, method=6)
        if path.stat().st_size < LARGEST_BYTES:
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")
            return
    raise ValueError(f"{path} is larger than {LARGEST_BYTES:,} bytes even at quality 60")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
