"""A dataset's examples, filtered from one Parquet file to another."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from brewslm.stages.clean.duplicates import Duplicates

BATCH_ROWS = 4096


def filter_examples(
    source: Path, folder: Path, duplicates: Duplicates, *, at_batch: Callable[[int], None]
) -> Counter[str]:
    """Write `examples.parquet` without duplicates, and `removed.parquet`; return examples removed by rule.

    `at_batch` hears the number of examples read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    removed_schema = pa.schema(
        [("id", pa.string()), ("source_row", pa.int64()), ("rule", pa.string()), ("kept_row", pa.int64())]
    )
    counts: Counter[str] = Counter()
    done = 0
    with (
        pq.ParquetFile(source) as file,
        pq.ParquetWriter(folder / "examples.parquet", file.schema_arrow, compression="zstd") as kept,
        pq.ParquetWriter(folder / "removed.parquet", removed_schema, compression="zstd") as out,
    ):
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            fates = [duplicates.see(example) for example in batch.to_pylist()]
            gone = [fate.model_dump() for fate in fates if fate is not None]
            kept.write_batch(batch.filter(pa.array([fate is None for fate in fates])))
            out.write_batch(pa.RecordBatch.from_pylist(gone, schema=removed_schema))
            counts.update(fate["rule"] for fate in gone)
            done += batch.num_rows
            at_batch(done)
    return counts
