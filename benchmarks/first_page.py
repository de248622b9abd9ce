"""From `brewslm serve` to the first page in a browser: how long it takes, and where that time goes.

    python -m benchmarks.first_page [--times 5]

The command is started as a person starts it, on a workspace that is new and then on one that is known. An empty tab
of a Chromium that runs already opens the address that the command prints, and the clock is stopped when the page is
painted; what it shows of the workspace may come after that. Files that were read before are in the machine's memory.
The Studio must be built (`make studio`).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser

from brewslm.bootstrap.settings import HOME_VARIABLE
from tests.browser.chromium import chromium

PROMISED_SECONDS = 2.0
COMMAND = [sys.executable, "-c", "from brewslm.cli.main import main; main()", "serve", "--port", "0"]
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def main() -> None:
    """Start servers one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    num_times: int = parser.parse_args().times
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        new = [measure(browser, Path(folder) / f"new-{number}") for number in range(num_times)]
        known = [measure(browser, Path(folder) / "new-0") for _ in range(num_times)]
    for name, found in (("new", new), ("known", known)):
        ready, painted = (statistics.median(one) for one in zip(*found, strict=True))
        worst = max(one for _, one in found)
        print(
            f"a {name} workspace: the address after {ready:.2f} s, the first page after {painted:.2f} s, "
            f"{worst:.2f} s at most of {num_times}"
        )
        print("within the promise" if painted < PROMISED_SECONDS else "over the promise")


def measure(browser: Browser, home: Path) -> tuple[float, float]:
    """Seconds from the command to the address that it prints, and to the first page."""
    environment = {**os.environ, HOME_VARIABLE: str(home), "HF_HUB_OFFLINE": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users keep what Python has compiled
    page = browser.new_page()
    began = time.monotonic()
    server = subprocess.Popen(COMMAND, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = [server.stdout.readline() for _ in range(2)][-1].rsplit(" ", 1)[-1].strip()
        ready = time.monotonic() - began
        page.goto(address, wait_until="commit")
        page.wait_for_selector("h1")
        page.evaluate(PAINTED)
        painted = time.monotonic() - began
        page.context.close()
    finally:
        server.terminate()
        server.wait(60)
    return ready, painted


if __name__ == "__main__":
    main()
