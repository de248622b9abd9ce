"""The Studio's chart of a training of a million steps, in a real browser.

    python -m benchmarks.studio_chart [--steps 1000000]

Prints how long it takes from opening the job's page to the first picture of the curve, how fast pictures follow each
other while a reader zooms in and out, how long until a closer look has its detail, and whether a spike of one step is
seen at every zoom. The Studio must be built (`make studio`), and a Chromium be there (BREWSLM_CHROMIUM names one).
"""

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from brewslm.bootstrap.container import House, open_house
from brewslm.bootstrap.settings import Settings
from brewslm.core.ports.storage import MetricRow
from brewslm.services.requests import AutopilotRequest

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SPIKE = 777_777
AT_ONCE = 20_000
ZOOMS = 40
WATCH = """() => {
  const times = [];
  const note = (now) => { times.push(now); window.isWatching && requestAnimationFrame(note); };
  window.isWatching = true;
  window.pictures = times;
  requestAnimationFrame(note);
}"""
IS_SPIKE_SEEN = """(canvas) => {
  const { width, height } = canvas;
  const top = canvas.getContext("2d").getImageData(0, 0, width, Math.floor(height / 4)).data;
  for (let at = 0; at < top.length; at += 4) {
    if (Math.abs(top[at] - 11) + Math.abs(top[at + 1] - 114) + Math.abs(top[at + 2] - 133) < 60 && top[at + 3] > 100) {
      return true;
    }
  }
  return false;
}"""
"""Whether the colour of the curve is in the upper quarter of the picture, where only the spike reaches."""
PLOT = ".studio-plot"


def main() -> None:
    """Fill a workspace, serve it, look at it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    num_steps: int = parser.parse_args().steps
    with tempfile.TemporaryDirectory() as folder:
        house = open_house(Settings(home=Path(folder)), actor="cli")
        began = time.monotonic()
        job_id = _fill(house, num_steps)
        print(f"{num_steps:,} steps written in {time.monotonic() - began:.0f} s")
        server = _serve(Path(folder))
        try:
            assert server.stdout is not None
            url, key = (server.stdout.readline().rsplit(" ", 1)[-1].strip() for _ in range(2))
            _look(url, key, job_id)
        finally:
            server.terminate()
            server.wait(60)


def _fill(house: House, num_steps: int) -> int:
    project = house.projects.create("million")
    job = house.jobs.submit(project.id, "train", AutopilotRequest())
    spike = min(SPIKE, num_steps * 7 // 9)
    for begin in range(1, num_steps + 1, AT_ONCE):
        rows = [_row(job.id, step, num_steps, spike) for step in range(begin, min(begin + AT_ONCE, num_steps + 1))]
        with house.ports.storage.write() as transaction:
            transaction.metrics.append(rows, job_id=job.id, offset=0)
    house.jobs.cancel(job.id)
    return job.id


def _row(job_id: int, step: int, num_steps: int, spike: int) -> MetricRow:
    loss = 2 + 3 * math.exp(-6 * step / num_steps) + 0.2 * math.sin(step * 12.9898) * math.sin(step * 78.233)
    body = {
        "kind": "log", "seq": step, "time": 1.7e9 + step, "attempt": 1, "step": step, "total_steps": num_steps,
        "epoch": step / num_steps, "loss": 40.0 if step == spike else loss, "baseline_loss": None, "delta": None,
        "learning_rate": 1e-3 * (1 - step / num_steps), "grad_norm": 1 + 0.3 * math.sin(step / 7), "step_seconds": 0.1,
        "tokens_per_second": 1200 + 100 * math.sin(step / 50), "samples_per_second": 10.0, "memory_bytes": 10**9,
        "non_finite": {},
    }  # fmt: skip
    return MetricRow(job_id=job_id, seq=step, kind="log", step=step, body=body)


def _serve(home: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "brewslm.api", "--port", "0"]
    environment = {**os.environ, "BREWSLM_HOME": str(home)}
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)


def _look(url: str, key: str, job_id: int) -> None:
    found = os.environ.get("BREWSLM_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(key)
        for attempt in ("first", "second"):
            began = time.monotonic()
            page.goto("about:blank")
            page.goto(f"{url}/#/jobs/{job_id}")
            page.wait_for_selector(f"{PLOT} canvas", timeout=60_000)
            print(f"{attempt} picture of the curve after {time.monotonic() - began:.2f} s")
        _zoom(page)
        browser.close()


def _zoom(page: Page) -> None:
    page.wait_for_timeout(2_000)  # what the page still reads is no part of what is measured
    box = page.locator(f"{PLOT} .u-over").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * SPIKE / 1e6, box["y"] + box["height"] / 2)
    page.keyboard.down("Control")
    page.evaluate(WATCH)
    for number in range(ZOOMS):
        page.mouse.wheel(0, -120 if number < ZOOMS // 2 else 120)
        page.wait_for_timeout(30)
    times: list[float] = page.evaluate("() => { window.isWatching = false; return window.pictures; }")
    gaps = sorted(after - before for before, after in pairwise(times))
    middle, late = gaps[len(gaps) // 2], gaps[int(len(gaps) * 0.95)]
    print(
        f"while zooming: {1000 * len(gaps) / sum(gaps):.0f} pictures a second; "
        f"between two {middle:.0f} ms in the middle, "
        f"{late:.0f} ms at the 95th percentile, {gaps[-1]:.0f} ms at most"
    )
    seen = 0
    for _ in range(ZOOMS // 2):
        page.mouse.wheel(0, -120)
        page.wait_for_timeout(400)
        seen += page.locator(f"{PLOT} canvas").first.evaluate(IS_SPIKE_SEEN)
    page.keyboard.up("Control")
    print(f"a spike of one step is seen at {seen} of {ZOOMS // 2} zooms, the last of a {0.8 ** (ZOOMS // 2):.0%} part")


if __name__ == "__main__":
    main()
