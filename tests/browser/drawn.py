"""What a page has made of texts: whether they are only text, and whether they leave their neighbours alone."""

import time
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.fakes.hostile import LEAK, MARK

OWN_PATHS = ("/api/", "/assets/", "/login")
STREAMS = {"/api/train", "/api/train/output"}
LONGEST_SECONDS = 60.0
_LISTEN = """() => {
  window.violations = [];
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
    window.violations.push(`${violatedDirective} ${blockedURI} ${sample}`));
}"""
_LOOK = """(mark) => {
  const all = [...document.querySelectorAll("*")];
  const isForeign = (one) =>
    one.matches("img, iframe, object, embed, math, base, body body, details[ontoggle], script:not([src])") ||
    one.getAttributeNames().some((name) => name.startsWith("on")) ||
    (one.matches("a, area, form, link, script") &&
      [one.href, one.src, one.action].some((to) => typeof to === "string" && to !== "" &&
        !to.startsWith(location.origin) && !to.startsWith("blob:")));
  return {
    texts: all.flatMap((one) => [
      ...[...one.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ data }) => data),
      ...["title", "aria-label", "placeholder"].flatMap((name) => one.getAttribute(name) ?? []),
      ...(one.matches("input, textarea") ? [one.value] : []),
    ]),
    foreign: all.filter(isForeign).map(({ outerHTML }) => outerHTML.slice(0, 200)),
    violations: window.violations.splice(0),
    hurt: mark in window,
    tooWide: document.documentElement.scrollWidth <= window.innerWidth ? [] : all.filter((one) =>
      one.children.length === 0 && one.getBoundingClientRect().right > window.innerWidth + window.scrollX &&
      one.closest("[class*=ScrollArea], [class*=ScrollContainer]") === null).map(({ outerHTML }) => outerHTML),
    title: document.title,
  };
}"""
_NEXT_FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_REORDERED = r"""(leak) => {
  const steers = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
  const blockOf = (node) => {
    let one = node.parentElement;
    while (getComputedStyle(one).display === "inline") one = one.parentElement;
    return one;
  };
  const nodes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) nodes.push(walker.currentNode);
  const steered = new Set(nodes.filter(({ data }) => steers.test(data)).map(blockOf));
  const range = document.createRange();
  const placeOf = (node, at) => {
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    return range.getBoundingClientRect();
  };
  const isReordered = (node, from = 0) => {
    for (let at = from + 1; at < Math.min(node.data.length, from + 80); at += 1) {
      const [before, after] = [placeOf(node, at - 1), placeOf(node, at)];
      if (before.width > 0 && after.width > 0 && before.top === after.top && after.left < before.left) return true;
    }
    return false;
  };
  const found = nodes.filter((node) => !steers.test(node.data) && /\w\w/.test(node.data) &&
    steered.has(blockOf(node)) && isReordered(node));
  const ours = nodes.filter(({ data }) => data.includes(leak) && /\w\w/.test(data.slice(data.lastIndexOf(leak))));
  found.push(...ours.filter((node) => isReordered(node, node.data.lastIndexOf(leak) + leak.length)));
  return found.map((node) => `${node.data.slice(0, 60)} in ${blockOf(node).textContent.slice(0, 160)}`);
}"""


class Drawn:
    """Looks at pages, and keeps what went wrong and which texts were seen."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        """Listen to everything that the browser does."""
        self._page, self._url = page, url
        self.wrong: list[str] = []
        self.texts: set[str] = set()
        page.add_init_script(f"({_LISTEN})()")
        self._open: set[Request] = set()
        page.on("request", self._hear)
        page.on("requestfinished", self._forget)
        page.on("requestfailed", self._forget)
        page.on("dialog", lambda dialog: (self.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("download", lambda download: self.wrong.append(f"download: {download.url}"))
        context.on("page", lambda other: self.wrong.append(f"window: {other.url}"))

    def look(self, where: str) -> None:
        """Open what is folded, and look at all of it."""
        self._settle()
        self._page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        self._settle()
        found: dict[str, Any] = self._page.evaluate(_LOOK, MARK)
        self.texts.update(found["texts"])
        wrong = [*found["foreign"], *found["violations"], *(["a script ran"] if found["hurt"] else [])]
        wrong += [f"reordered: {one}" for one in self._page.evaluate(_REORDERED, LEAK)]
        wrong += [f"does not fit: {one[:200]}" for one in found["tooWide"]]
        wrong += [] if found["title"].endswith("BrewSLM") else [f"title: {found['title']}"]
        self.wrong += [f"{where}: {one}" for one in wrong]

    def _settle(self) -> None:
        """Wait until the page has drawn all that it asked for."""
        deadline = time.monotonic() + LONGEST_SECONDS
        self._page.evaluate(_NEXT_FRAME)
        while self._open:
            assert time.monotonic() < deadline, [request.url for request in self._open]
            self._page.evaluate(_NEXT_FRAME)
        expect(self._page.get_by_label("Loading")).to_have_count(0)

    def _hear(self, request: Request) -> None:
        address = urlsplit(request.url)
        is_stream = "text/event-stream" in request.headers.get("accept", "") or address.path in STREAMS
        self._open.update(set() if is_stream else {request})
        is_own = request.url.startswith(f"{self._url}/") and (address.path == "/" or address.path.startswith(OWN_PATHS))
        if not is_own and address.scheme not in {"blob", "data"}:
            self.wrong.append(f"request: {request.method} {request.url}")

    def _forget(self, request: Request) -> None:
        self._open.discard(request)
