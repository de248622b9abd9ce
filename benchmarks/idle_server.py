"""What a server uses while nobody asks for anything: processor time as a share of one core, and memory.

    python -m benchmarks.idle_server                     60 s on a workspace with 200 jobs that have ended
    python -m benchmarks.idle_server --seconds 300

The patrol looks every 5 s and gives its sign of life every 30 s; both lanes look for work. All of it counts.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.settings import HOME_VARIABLE, Settings
from brewslm.services.requests import AutopilotRequest

SHARE = 0.01
"""Of one core: the promise."""
SETTLE_SECONDS = 5.0


def main() -> None:
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        fill(home, arguments.jobs)
        words = [sys.executable, "-m", "brewslm.api", "--port", "0"]
        server = subprocess.Popen(words, env={**os.environ, HOME_VARIABLE: str(home)}, stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            server.stdout.readline()  # it serves
            time.sleep(SETTLE_SECONDS)
            process = psutil.Process(server.pid)
            used, began = seconds_of(process), time.monotonic()
            time.sleep(arguments.seconds)
            used, lived = seconds_of(process) - used, time.monotonic() - began
            share, memory = used / lived, process.memory_info().rss / 1e6
        finally:
            server.terminate()
            server.wait(30)
    print(f"an idle server used {used:.2f} s of the processor in {lived:.0f} s: {share:.3%} of a core, {memory:.0f} MB")
    print("within the promise" if share < SHARE else "over the promise")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--jobs", type=int, default=200, help="that have ended")
    return parser.parse_args()


def fill(home: Path, num_jobs: int) -> None:
    """Make a workspace with jobs that have ended, so that looking for work has something to step over."""
    house = open_house(Settings(home=home), actor="cli")
    project = house.projects.create("idle")
    for _ in range(num_jobs):
        house.jobs.cancel(house.jobs.submit(project.id, "autopilot", AutopilotRequest()).id)


def seconds_of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    main()
