"""The record of 100,000 events of 200 runs: what its pages, its verification and the server's memory cost.

    python -m benchmarks.audit [--events 100000] [--runs 200] [--times 200]

Runs as they are lived (`benchmarks/lives.py`) are written into a new SQLite workspace. A server of its own process
answers each page so many times over HTTP, at a place in the record that is another each time; its memory is read before
and after. The events are verified, and failures are compared with the causes that were planted.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from pathlib import Path

import psutil

from benchmarks.lives import Planted, live
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.settings import HOME_VARIABLE, Settings
from brewslm.core.ids import JobId
from brewslm.services.audit.clusters import told

PROMISED_MILLISECONDS = 50.0


def purity_and_completeness(pairs: Iterable[tuple[Hashable, Hashable]]) -> tuple[float, float]:
    """Of (cause, cluster) pairs: the share in a cluster mostly of its cause, and in the main cluster of its cause."""
    pairs = tuple(pairs)
    return _majority((cluster, cause) for cause, cluster in pairs), _majority(pairs)


def _majority(pairs: Iterable[tuple[Hashable, Hashable]]) -> float:
    groups: dict[Hashable, Counter[Hashable]] = defaultdict(Counter)
    for group, member in pairs:
        groups[group][member] += 1
    return sum(max(group.values()) for group in groups.values()) / sum(map(Counter.total, groups.values()))


def fill(home: Path, *, num_runs: int, num_events: int) -> Planted:
    """Write the lives of two projects."""
    house = open_house(Settings(home=home, is_offline=True), actor="cli")
    projects = [house.projects.create(name).id for name in ("one", "two")]
    return live(house.ports.storage, projects, num_runs=num_runs, num_events=num_events)


def addresses(rng: random.Random, num_events: int, last_job: int) -> dict[str, str]:
    """A place in the record for each page."""
    job, seq = rng.randrange(2, last_job), rng.randrange(1, num_events)
    return {
        "timeline": f"/api/timeline?project_id=1&before={job}&limit=10",
        "timeline of a job": f"/api/jobs/{job}/timeline",
        "failures": "/api/failures?project_id=1&limit=20",
        "newest events": f"/api/events?project_id=1&before={seq}&limit=25",
        "newest errors": f"/api/events?project_id=1&severity=error&before={seq}&limit=25",
        "events after": f"/api/projects/1/events?after={seq}&limit=100",
        "text that is nowhere": f"/api/events?project_id=1&before={num_events}&text=nowhere{seq}&limit=25",
        "runs with errors": "/api/timeline?project_id=1&severity=error&severity=critical&limit=10",
        "runs with a text": f"/api/timeline?project_id=1&text=nowhere{seq}&limit=10",
    }


def measure(home: Path, num_times: int, num_events: int, last_job: int) -> tuple[dict[str, list[float]], list[float]]:
    """Milliseconds of every page, and megabytes of the server before, in the middle and after."""
    words = [sys.executable, "-m", "brewslm.api", "--port", "0"]
    server = subprocess.Popen(words, env={**os.environ, HOME_VARIABLE: str(home)}, stdout=subprocess.PIPE, text=True)
    rng = random.Random(7)
    taken: dict[str, list[float]] = defaultdict(list)
    try:
        assert server.stdout is not None
        root = server.stdout.readline().split()[-1].rstrip("/")
        process = psutil.Process(server.pid)
        for path in addresses(rng, num_events, last_job).values():  # loads the code, and knows the failures
            _get(root + path)
        memory = [process.memory_info().rss / 1e6]
        for number in range(num_times):
            for name, path in addresses(rng, num_events, last_job).items():
                began = time.perf_counter()
                _get(root + path)
                taken[name].append(1000 * (time.perf_counter() - began))
            if number == num_times // 2:
                memory.append(process.memory_info().rss / 1e6)
        memory.append(process.memory_info().rss / 1e6)
    finally:
        server.terminate()
        server.wait(30)
    return taken, memory


def _get(address: str) -> bytes:
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - the server of this benchmark
        return bytes(answer.read())


def quantile(values: list[float], share: float) -> float:
    """The smallest value that so large a share does not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def show(home: Path, *, num_runs: int, num_events: int, num_times: int) -> bool:
    """Print the figures; whether every page keeps the promise."""
    planted = fill(home, num_runs=num_runs, num_events=num_events)
    house = open_house(Settings(home=home, is_offline=True), actor="cli")
    last_job: JobId = house.jobs.list(limit=1)[0].id
    print(f"{planted.num_events:,} events of {num_runs} runs and {last_job:,} jobs")
    began, cpu = time.perf_counter(), time.process_time()
    report = house.audit.verify_events()
    assert report.is_clean
    seconds = time.perf_counter() - began
    print(f"audit verify: {seconds:.1f} s ({time.process_time() - cpu:.1f} s of processor time)")
    began = time.perf_counter()
    clusters = house.records.failures.page(limit=1000).clusters
    print(f"failures for the first time: {1000 * (time.perf_counter() - began):.0f} ms, {len(clusters)} clusters")
    rows = house.records.history.outcomes(after_seq=0, until_seq=planted.num_events + 100)
    pairs = [(planted.causes[row.seq], told(row)[1]) for row in rows if row.seq in planted.causes]
    purity, completeness = purity_and_completeness(pairs)
    num_causes = len(set(planted.causes.values()))
    print(f"{len(pairs)} failures of {num_causes} causes: purity {purity:.3f}, completeness {completeness:.3f}")
    taken, memory = measure(home, num_times, planted.num_events, last_job)
    for name, values in taken.items():
        print(f"{name}: median {quantile(values, 0.5):.1f} ms, p99 {quantile(values, 0.99):.1f} ms")
    print(f"memory of the server: {' → '.join(f'{one:.0f}' for one in memory)} MB")
    is_kept = all(quantile(values, 0.99) < PROMISED_MILLISECONDS for values in taken.values())
    print("within the promise" if is_kept else "over the promise")
    return is_kept


def main() -> None:
    """Measure in a new workspace."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--times", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        show(Path(folder), num_runs=asked.runs, num_events=asked.events, num_times=asked.times)


if __name__ == "__main__":
    main()
