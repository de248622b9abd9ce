"""How long preparation takes a row, and how much memory: `python benchmarks/prepare_speed.py [ROWS]`.

Question-and-answer rows of about 60 words; a hundredth of them nearly repeat an earlier one. Prints microseconds a row,
part by part, the peak of resident memory over the interpreter with its libraries, and the bytes a row of the arrays.
"""

import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from brewslm.core.data.asked import Asked, asked_text
from brewslm.core.data.example import Example, Message
from brewslm.core.overlap.near import NearTexts
from brewslm.stages.prepare import PREPARE
from brewslm.stages.prepare.contract import PrepareInputs
from brewslm.stages.prepare.placing.facts import Placed, read_facts
from tests.unit.stages.workbench import Workbench

MODEL = "brewslm-tiny-v1"


def write_dataset(bench: Workbench, count: int) -> str:
    """Put a dataset of so many examples on the shelf; return its id."""
    words = random.Random(7)
    vocabulary = [
        f"{a}{b}{c}" for a in "bdfgklmnprstvw" for b in "aeiou" for c in ("n", "r", "st", "lo", "mi", "ka", "")
    ]
    content = '{"question": "a b c", "answer": "d"}\n' * 3
    model = bench.import_dataset("seed.jsonl", content)
    draft = bench.shelf.draft()
    with bench.context.tables.write(draft / "examples.parquet", Example) as table:
        last = ""
        for number in range(count):
            asked = last + " too" if number % 100 == 99 else " ".join(words.choices(vocabulary, k=30))
            last = asked
            said = " ".join(words.choices(vocabulary, k=30))
            messages = (Message("user", f"{asked}?"), Message("assistant", f"{said}."))
            table.add([Example(f"{words.getrandbits(64):016x}", "qa", messages, source_row=number)])
    files = bench.shelf.publish(draft, room="datasets")
    return bench.shelf.put(model.model_copy(update={"files": files, "shape": "qa", "num_examples": count}))


def peak_mb() -> float:
    """The peak of resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(count: int) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        small = write_dataset(bench, 2000)
        bench.run(PREPARE, PrepareInputs(dataset_id=small, base_model=MODEL))  # type: ignore[arg-type]
        dataset_id = write_dataset(bench, count)
        before = peak_mb()
        path = bench.shelf.path(bench.shelf.artifacts[dataset_id].files[0].path)  # type: ignore[index]
        start = time.perf_counter()
        facts = read_facts(bench.context.tables.read(path, Placed), seed=42)
        facts_seconds = time.perf_counter() - start
        start = time.perf_counter()
        near = NearTexts(bench.context.similarity, Path(folder) / "words")
        for batch in bench.context.tables.read(path, Asked):
            for one in batch:
                near.add(asked_text(one.messages, one.text))
        pairs = sum(1 for _ in near.pairs(bytes(len(near))))
        near_seconds = time.perf_counter() - start
        start = time.perf_counter()
        manifest = bench.run(PREPARE, PrepareInputs(dataset_id=dataset_id, base_model=MODEL))  # type: ignore[arg-type]
        seconds = time.perf_counter() - start
        arrays = sum(part.nbytes for part in (facts.positions, facts.texts, facts.labels, facts.source_rows))
        print(f"rows {count:,}, tokens {sum(split.num_tokens for split in manifest.splits):,}, near pairs {pairs:,}")
        print(f"facts {facts_seconds / count * 1e6:.1f} us/row, near search {near_seconds / count * 1e6:.1f} us/row")
        print(f"whole preparation {seconds / count * 1e6:.1f} us/row ({seconds:.1f} s)")
        print(f"arrays {arrays / count:.0f} bytes/row; peak memory {before:.0f} MB before, {peak_mb():.0f} MB after")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
