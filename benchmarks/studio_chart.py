"""The Studio's chart of a training of a million steps, in a real Chromium that draws without a GPU.

    python -m benchmarks.studio_chart [--steps 1000000] [--profile FOLDER]

Prints when the curve is painted after its page was opened, and how much of that came after its data; how fast pictures
follow each other while a reader zooms, goes along or hovers, with something to do for every picture; what following a
run that goes on costs; what the page keeps in memory; and whether a spike of one step is seen at every zoom. Pictures
are counted by requestAnimationFrame, whose ceiling is printed first. The Studio must be built (`make studio`), and a
Chromium be there (BREWSLM_CHROMIUM names one). `--profile` keeps what the browser's processor profiler saw.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page

from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.settings import Settings
from tests.browser.chromium import chromium
from tests.browser.served import Served, served
from tests.fakes.written_run import WrittenRun

SPIKE = 7 / 9
"""Where the spike is, as a share of the steps."""
PICTURES = 240
LIVE_SECONDS, LIVE_RATE = 10, 10
NUM_ZOOMS, ZOOM = 25, 0.8
SETTLE_MS = 600
NOTE_PAINT = """() => {
  new MutationObserver((_, self) => {
    if (document.querySelector(".studio-plot canvas") !== null) {
      self.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => { window.paintedAt = performance.now(); }));
    }
  }).observe(document, { childList: true, subtree: true });
}"""
ARRIVED = """() => {
  const asked = performance.getEntriesByType("resource").filter(({ name, startTime }) =>
    name.includes("/metrics?") && startTime < window.paintedAt);
  return [Math.max(...asked.map((one) => one.responseEnd)), asked.reduce((sum, one) => sum + one.transferSize, 0)];
}"""
DETAILS = """() => performance.getEntriesByType("resource").filter(({ name }) => name.includes("&until="))
  .map((one) => one.responseEnd - one.startTime)"""
HANDS = """() => {
  const over = document.querySelector(".studio-plot .u-over");
  const at = (share) => {
    const { left, top, width } = over.getBoundingClientRect();
    return { clientX: left + width * share, clientY: top + 60, bubbles: true, cancelable: true };
  };
  const press = (key) => over.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  window.hands = {
    nothing: () => undefined,
    zoom: (n) => over.dispatchEvent(
      new WheelEvent("wheel", { ...at(7 / 9), ctrlKey: true, deltaY: Math.floor(n / 20) % 2 ? 120 : -120 })),
    pan: (n) => press(n < 9 ? "+" : Math.floor(n / 4) % 2 ? "ArrowLeft" : "ArrowRight"),
    hover: (n) => over.dispatchEvent(new MouseEvent("mousemove", at(0.1 + 0.8 * ((n % 100) / 100)))),
    "zoom in": () => over.dispatchEvent(new WheelEvent("wheel", { ...at(7 / 9), ctrlKey: true, deltaY: -120 })),
    "show all": () => press("0"),
  };
}"""
TIMES = """([what, number]) => new Promise((done) => {
  const times = [];
  const draw = (now) => {
    times.push(now);
    if (times.length > number) {
      done(times);
    } else {
      window.hands[what](times.length - 1);
      requestAnimationFrame(draw);
    }
  };
  requestAnimationFrame(draw);
})"""
IS_SPIKE_SEEN = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const canvas = document.querySelector(".studio-plot canvas");
  const { width, height } = canvas;
  const top = canvas.getContext("2d").getImageData(0, 0, width, Math.floor(height / 4)).data;
  for (let at = 0; at < top.length; at += 4) {
    if (Math.abs(top[at] - 11) + Math.abs(top[at + 1] - 114) + Math.abs(top[at + 2] - 133) < 60 && top[at + 3] > 100) {
      done(true);
      return;
    }
  }
  done(false);
})))"""
"""Whether the colour of the curve is in the upper quarter of the picture, where only the spike reaches."""


def main() -> None:
    """Fill a workspace, serve it, look at it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--profile", type=Path, help="a folder for the profiles of opening, zooming and following")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        house = open_house(Settings(home=Path(folder), is_offline=True), actor="api")
        run = WrittenRun(house, total_steps=options.steps, spike_at=int(options.steps * SPIKE))
        run.steps(options.steps - LIVE_SECONDS * LIVE_RATE)
        print(f"{run.last_step:,} steps written in {time.monotonic() - began:.0f} s")
        with served(house) as server, chromium() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
            page.set_default_timeout(120_000)
            Look(page, server, run, options.profile).all()


class Look:
    """One window on the run, and what is measured there."""

    def __init__(self, page: Page, server: Served, run: WrittenRun, profiles: Path | None) -> None:
        """Let the window in."""
        self.page, self.run, self.profiles = page, run, profiles
        self.address = f"{server.url}/#/jobs/{run.job.id}"
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.cdp.send("Profiler.enable")
        page.goto(server.login)
        page.add_init_script(f"({NOTE_PAINT})()")

    def all(self) -> None:
        """Measure one after the other."""
        self.open("first")
        with self.profile("open"):
            self.open("again")
        self.page.wait_for_timeout(2_000)  # what the page still reads is no part of what follows
        print(f"the page keeps {self.heap():.0f} MB")
        self.page.evaluate(HANDS)
        for what in ("nothing", "zoom", "pan", "hover"):
            with self.profile(what):
                self.pictures(what)
            self.page.wait_for_timeout(2_000)
        self.page.evaluate("() => window.hands['show all']()")
        self.spike()
        self.page.evaluate("() => window.hands['show all']()")
        print(f"the page keeps {self.heap():.0f} MB after that")
        with self.profile("follow"):
            self.follow()
        print(f"the page keeps {self.heap():.0f} MB after that")

    def open(self, which: str) -> None:
        """Open the page anew."""
        self.page.goto("about:blank")
        self.page.goto(self.address)
        self.page.wait_for_function("() => window.paintedAt !== undefined")
        painted: float = self.page.evaluate("() => window.paintedAt")
        arrived, num_bytes = self.page.evaluate(ARRIVED)
        print(
            f"{which} time: the curve is painted {painted / 1000:.2f} s after the page was opened, "
            f"{(painted - arrived) / 1000:.2f} s after its data ({num_bytes / 1e6:.1f} MB)"
        )

    def pictures(self, what: str) -> None:
        """Do something for every picture, and tell how the pictures followed each other."""
        before = self.busy()
        times: list[float] = self.page.evaluate(TIMES, [what, PICTURES])
        busy = (self.busy() - before) / PICTURES
        gaps = sorted(after - before for before, after in pairwise(times))
        print(
            f"{what}: {1000 * len(gaps) / sum(gaps):.0f} pictures a second; "
            f"between two {statistics.median(gaps):.1f} ms in the middle, "
            f"{gaps[int(len(gaps) * 0.95)]:.1f} ms at the 95th percentile, {gaps[-1]:.0f} ms at most; "
            f"{1000 * busy:.1f} ms of the processor in the page's thread for each"
        )

    def spike(self) -> None:
        """Zoom in on the spike, and look for it before and after the closer look has come."""
        at_once = later = 0
        for _ in range(NUM_ZOOMS):
            self.page.evaluate("() => window.hands['zoom in']()")
            at_once += self.page.evaluate(IS_SPIKE_SEEN)
            self.page.wait_for_timeout(SETTLE_MS)
            later += self.page.evaluate(IS_SPIKE_SEEN)
        delays: list[float] = self.page.evaluate(DETAILS)
        print(
            f"a spike of one step is seen at {at_once} of {NUM_ZOOMS} zooms at once, at {later} with the closer look; "
            f"the last shows {ZOOM**NUM_ZOOMS:.1%} of the steps. {len(delays)} closer looks took "
            f"{statistics.median(delays):.0f} ms in the middle, {max(delays):.0f} ms at most"
        )

    def follow(self) -> None:
        """Let the run go on, and tell what it costs the page."""
        before, began = self.busy(), time.monotonic()
        for number in range(LIVE_SECONDS * LIVE_RATE):
            self.run.steps(1)
            self.page.wait_for_timeout(max(0.0, 1000 * (began + (number + 1) / LIVE_RATE - time.monotonic())))
        seconds = time.monotonic() - began
        share = (self.busy() - before) / seconds
        rate = LIVE_SECONDS * LIVE_RATE / seconds
        print(f"following {rate:.1f} steps a second takes {share:.0%} of a core in the page's thread")

    def busy(self) -> float:
        """Seconds of the processor that the page's thread has used so far."""
        found = self.cdp.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in found if one["name"] == "TaskDuration")

    def heap(self) -> float:
        """Megabytes that the page's scripts keep."""
        self.cdp.send("HeapProfiler.collectGarbage")
        usage: dict[str, Any] = self.cdp.send("Runtime.getHeapUsage")
        return float(usage["usedSize"]) / 1e6

    @contextmanager
    def profile(self, name: str) -> Iterator[None]:
        """Keep a profile of the block, where that is wanted."""
        if self.profiles is None:
            yield
            return
        self.cdp.send("Profiler.start")
        yield
        found = self.cdp.send("Profiler.stop")["profile"]
        self.profiles.mkdir(parents=True, exist_ok=True)
        (self.profiles / f"{name}.cpuprofile").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
