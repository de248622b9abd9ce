"""What a page of a long table costs: `python -m benchmarks.table_pages [ROWS]`, a million rows unless said otherwise.

The table is one of examples, as a commit writes it. A page has 50 rows; it is taken at the beginning, in the middle, at
the end, and where a column has a rare value. Prints the processor time of a page, and how much the peak of resident
memory grows while pages are taken.
"""

import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pytest

from benchmarks.ingest import rows
from brewslm.adapters.files.tables import ParquetTables
from brewslm.core.mapping.plain import Plain
from brewslm.stages.mapping.files import DatasetFiles

PAGE_ROWS = 50
ROUNDS = 5
RARE = "bad"


def write_table(folder: Path, num: int) -> Path:
    """Write so many examples, one of which, two thirds from the start, has a label of its own."""
    with DatasetFiles(folder, ParquetTables()) as files:
        for number, row in enumerate(rows(num)):
            label = RARE if number == num * 2 // 3 else "good"
            turns = (("user", row["question"]), ("assistant", row["answer"]))
            files.accept(Plain("binary_feedback", turns, None, label, None, number, 300))  # type: ignore[arg-type]  # mypy widens the roles
    return folder / "examples.parquet"


def measure(path: Path, num: int) -> tuple[dict[str, float], float]:
    """Milliseconds of processor time of a page at each place, and MB by which the peak of memory grew."""
    tables = ParquetTables()
    tables.page(path, start=0, limit=1)  # loads the libraries
    before = _peak_mb()
    taken: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, start in (("first", 0), ("middle", num // 2), ("last", num - PAGE_ROWS)):
            begin = time.process_time()
            assert len(tables.page(path, start=start, limit=PAGE_ROWS)) == PAGE_ROWS
            taken.setdefault(name, []).append(time.process_time() - begin)
        begin = time.process_time()
        assert len(tables.page(path, start=0, limit=PAGE_ROWS, where={"label": RARE})) == 1
        taken.setdefault("rare value", []).append(time.process_time() - begin)
    return {name: 1000 * statistics.median(seconds) for name, seconds in taken.items()}, _peak_mb() - before


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)


def show(num: int, folder: Path) -> tuple[dict[str, float], float]:
    """Print and return what `measure` gives."""
    path = write_table(folder, num)
    pages, grown_mb = measure(path, num)
    told = ", ".join(f"{name} {milliseconds:.1f} ms" for name, milliseconds in pages.items())
    print(
        f"{num:,} rows, {path.stat().st_size / 1e6:,.0f} MB: a page of {PAGE_ROWS} rows takes {told} of processor time"
    )
    print(f"the peak of memory grows by {grown_mb:.0f} MB")
    return pages, grown_mb


@pytest.mark.bench
def test_the_last_page_of_a_million_costs_what_the_first_does(tmp_path: Path) -> None:
    pages, grown_mb = show(1_000_000, tmp_path)
    assert pages["last"] <= 5 * pages["first"]
    assert grown_mb < 100


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        show(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, Path(name))
