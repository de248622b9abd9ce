"""A browser's window on the Studio, and what is asked of every page."""

from pathlib import Path
from typing import Literal

from playwright.sync_api import ConsoleMessage, Page, Route, expect

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "studio" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1440), ("dark", 360))
"""Colours depend on the theme, room on the width; the other two pairs would find the same at twice the time."""
_RUN_AXE = """async () => {
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}"""


class Window:
    """Opens pages, and keeps what the browser complains of."""

    def __init__(self, page: Page, url: str) -> None:
        """Listen to the page."""
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, route: str) -> Page:
        """Go to a route, and wait until nothing of it is loading any more."""
        self.page.goto(f"{self.url}/#{route}")
        expect(self.page.locator("h1")).to_be_visible()
        expect(self.page.get_by_label("Loading")).to_have_count(0)
        return self.page

    def refuse(self, pattern: str) -> None:
        """Let requests end as if the server had gone; the browser's own lines about that are no complaint."""

        def abort(route: Route) -> None:
            route.abort()

        self.page.route(pattern, abort)
        self.page.remove_listener("console", self._hear)

    def problems(self) -> list[str]:
        """What axe finds, and what does not fit, in both themes and widths."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = []
        for theme, width in LOOKS:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            expect(self.page.locator("html")).to_have_attribute("data-mantine-color-scheme", theme)
            found += [f"{theme}, {width} px: {one}" for one in self.page.evaluate(_RUN_AXE)]
            excess = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            found += [f"{width} px: {excess} px do not fit"] if excess > 0 else []
        return found

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)
