"""Ingest and import against `datasets` and polars: rows a second, peak memory, and cost per row as files grow.

`make bench` runs it at a million rows. By hand, from the root of the repository:

    python benchmarks/ingest.py                      a million rows, three interleaved rounds
    python benchmarks/ingest.py --growth             cost per row from 10,000 rows to a million, or to --rows
    python benchmarks/ingest.py --gigabytes 5        one round on a file of that size: peak memory

The peers come with the extra `bench`; `--peer-python` names another environment that holds them. Every contestant runs
in a process of its own; its memory is its own peak plus the largest peak of its children. Rates are compared by the
processor time of the process and its children ("busy"), which a machine that does other things besides leaves nearly
as it is; the clock's ratio is printed too.
"""

import argparse
import importlib.util
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("ingest", "import")
PEERS = ("datasets", "polars")
ROUNDS = 3


def rows(num: int) -> Iterator[dict[str, str]]:
    """Questions and answers of some 300 bytes; the same ones every time."""
    chance = random.Random(3)
    words = [f"{chance.choice('bcdfgklmnprst')}{chance.choice('aeiou')}{n}" for n in range(4000)]
    pool = [(" ".join(chance.choices(words, k=14)), " ".join(chance.choices(words, k=30))) for _ in range(5000)]
    for number in range(num):
        question, answer = pool[number * 7919 % len(pool)]
        yield {"question": f"What of {number}: {question}?", "answer": f"{answer}, {number}."}


def make_file(path: Path, num: int) -> int:
    """Write JSON Lines or CSV by the name; return the bytes."""
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            writer = csv.writer(file)
            writer.writerow(["question", "answer"])
            writer.writerows([row["question"], row["answer"]] for row in rows(num))
        else:
            file.writelines(json.dumps(row) + "\n" for row in rows(num))
    return path.stat().st_size


def workbench(folder: Path) -> Any:
    """Runs stages on the artifact store that users have; the one of the tests reads files whole."""
    from brewslm.adapters.files.artifact_store import FileArtifactStore
    from tests.unit.stages.workbench import Workbench

    bench = Workbench(folder)
    bench.shelf._store = FileArtifactStore(folder / "workspace")  # type: ignore[assignment]  # noqa: SLF001 - a port's other implementation
    return bench


def brewslm_ingest(path: Path, folder: Path) -> int:
    from brewslm.stages.ingest import INGEST
    from brewslm.stages.ingest.contract import IngestInputs

    snapshot = workbench(folder).run(INGEST, IngestInputs(locator=str(path)))
    return int(snapshot.num_rows - snapshot.num_malformed)


def brewslm_import(path: Path, folder: Path) -> int:
    """Stages 01 to 04: a committed dataset, with an account of every row."""
    from brewslm.stages.ingest import INGEST
    from brewslm.stages.ingest.contract import IngestInputs

    bench = workbench(folder)
    schema = bench.introspect(bench.run(INGEST, IngestInputs(locator=str(path))))
    tally = bench.commit(bench.dry_run(schema)).tally
    return int(tally.accepted + tally.repaired)


def messages_of(row: dict[str, Any]) -> dict[str, Any]:
    """The mapping, as a user of `datasets` writes it."""
    turns = [{"role": "user", "content": row["question"]}, {"role": "assistant", "content": row["answer"]}]
    return {"messages": turns}


def with_datasets(path: Path, folder: Path) -> int:
    import datasets

    datasets.disable_progress_bars()
    kind = "csv" if path.suffix == ".csv" else "json"
    loaded = datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=str(folder))
    mapped = loaded.filter(lambda row: bool(row["question"].strip() and row["answer"].strip())).map(
        messages_of, remove_columns=loaded.column_names
    )
    return int(mapped.num_rows)


def with_polars(path: Path, folder: Path) -> int:
    import polars as pl

    frame = pl.scan_csv(path) if path.suffix == ".csv" else pl.scan_ndjson(path)

    def turn(role: str, column: str) -> Any:
        return pl.struct(pl.lit(role).alias("role"), pl.col(column).alias("content"))

    kept = frame.filter(pl.col("question").str.strip_chars().str.len_chars() > 0)
    both = pl.concat_list(turn("user", "question"), turn("assistant", "answer")).alias("messages")
    kept.select(both).sink_parquet(folder / "out.parquet", compression="zstd")
    return int(pl.scan_parquet(folder / "out.parquet").select(pl.len()).collect().item())


CONTESTANTS: dict[str, Callable[[Path, Path], int]] = {
    "ingest": brewslm_ingest,
    "import": brewslm_import,
    "datasets": with_datasets,
    "polars": with_polars,
}


def contest(name: str, path: Path) -> None:
    """Run one contestant here; print what it took."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        begin = time.perf_counter()
        num = CONTESTANTS[name](path, Path(folder))
        seconds = time.perf_counter() - begin
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peak_mb = sum(one.ru_maxrss for one in used) / (1024 if sys.platform == "linux" else 1 << 20)
    processor = sum(one.ru_utime + one.ru_stime for one in used)
    print(json.dumps({"rows": num, "seconds": seconds, "processor": processor, "peak_mb": peak_mb}))


def run(name: str, path: Path, peer_python: str) -> dict[str, float]:
    """Run a contestant in a process of its own on one core."""
    import os

    python = peer_python if name in PEERS else sys.executable
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "HF_HUB_OFFLINE": "1",
        "POLARS_MAX_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [python, __file__, "--contest", name, "--file", str(path)]
    if sys.platform == "linux":
        command = ["taskset", "-c", "0", *command]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(folder: Path, suffix: str, num: int, peer_python: str, rounds: int = ROUNDS) -> dict[str, float]:
    """Print the table of one file; return the microseconds of processor time that each contestant takes per row."""
    path = folder / f"rows{suffix}"
    size = make_file(path, num)
    print(f"\n{num:,} rows of {suffix[1:]}, {size / 1e6:,.0f} MB, one core, {rounds} interleaved rounds")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    for _ in range(rounds):
        for name in CONTESTANTS:
            found[name].append(run(name, path, peer_python))
    path.unlink()
    clock: dict[str, float] = {}
    busy: dict[str, float] = {}
    print(f"{'':>10}{'rows/s':>12}{'µs/row':>9}{'busy µs':>9}{'peak MB':>9}{'spread':>8}")
    for name, results in found.items():
        assert {result["rows"] for result in results} == {num}, f"{name} has other rows"
        seconds = [result["seconds"] for result in results]
        middle = statistics.median(seconds)
        clock[name] = middle / num * 1e6
        busy[name] = statistics.median(result["processor"] for result in results) / num * 1e6
        peak = max(result["peak_mb"] for result in results)
        spread = (max(seconds) - min(seconds)) / middle
        print(f"{name:>10}{num / middle:>12,.0f}{clock[name]:>9.2f}{busy[name]:>9.2f}{peak:>9,.0f}{spread:>8.0%}")
    for kind, taken in (("busy", busy), ("clock", clock)):
        first, second = (taken[name] / taken["import"] for name in PEERS)
        print(f"by {kind}: import runs at {first:.2f} times the rate of datasets, {second:.2f} times that of polars")
    return busy


def grow(folder: Path, most: int) -> list[float]:
    """Print the busy microseconds per row of ingest and import as the file grows tenfold; return those of import."""
    print(f"\n{'rows':>12}{'ingest busy µs':>16}{'import busy µs':>16}{'clock µs':>10}{'peak MB':>9}")
    costs: list[float] = []
    num = 10_000
    while num <= most:
        path = folder / "rows.jsonl"
        make_file(path, num)
        ingest, whole = (run(name, path, sys.executable) for name in OURS)
        costs.append(whole["processor"] / num * 1e6)
        told = f"{num:>12,}{ingest['processor'] / num * 1e6:>16.2f}{costs[-1]:>16.2f}"
        print(f"{told}{whole['seconds'] / num * 1e6:>10.2f}{whole['peak_mb']:>9,.0f}", flush=True)
        path.unlink()
        num *= 10
    return costs


def has_peers() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in PEERS)


@pytest.mark.bench
@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_import_is_twice_as_fast_as_datasets(tmp_path: Path, suffix: str) -> None:
    assert has_peers(), "the peers are missing: pip install -e '.[bench]' -c constraints.txt"
    busy = compare(tmp_path, suffix, 1_000_000, sys.executable)
    assert 2 * busy["import"] <= busy["datasets"]


@pytest.mark.bench
def test_cost_per_row_does_not_grow(tmp_path: Path) -> None:
    costs = grow(tmp_path, 1_000_000)
    assert costs[-1] <= 1.2 * costs[1]


def main() -> None:
    """Run what the options say."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--growth", action="store_true", help="cost per row from 10,000 to --rows")
    parser.add_argument("--gigabytes", type=float, help="one round on a file of about this size")
    parser.add_argument("--only", choices=list(CONTESTANTS), nargs="*", help="with --gigabytes: who runs")
    parser.add_argument("--peer-python", default=sys.executable, help="an interpreter that has the peers")
    parser.add_argument("--folder", type=Path, default=None, help="where there is space")
    parser.add_argument("--contest", choices=list(CONTESTANTS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contest:
        contest(options.contest, options.file)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        if options.growth:
            grow(folder, options.rows)
        elif options.gigabytes:
            path = folder / "rows.jsonl"
            num = int(options.gigabytes * 1e9 / 330)
            print(f"{num:,} rows, {make_file(path, num) / 1e9:.2f} GB")
            for one in options.only or CONTESTANTS:
                result = run(one, path, options.peer_python)
                told = f"{one:>10}{result['rows'] / result['seconds']:>12,.0f} rows/s"
                print(f"{told}{result['processor'] / num * 1e6:>9.2f} busy µs/row{result['peak_mb']:>9,.0f} MB peak")
        else:
            for suffix in (".jsonl", ".csv"):
                compare(folder, suffix, options.rows, options.peer_python, options.rounds)


if __name__ == "__main__":
    main()
