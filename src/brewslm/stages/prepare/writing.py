"""Tokenises the examples of a dataset and writes each to its split; those that are too long are listed."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from brewslm.core.artifacts.manifest import SplitName
from brewslm.stages.prepare.examples import read_batches
from brewslm.stages.prepare.mask import tokenise
from brewslm.stages.prepare.shards import ShardWriter
from brewslm.stages.prepare.splits import SPLITS
from brewslm.stages.prepare.tokenizer import ChatTokenizer


def write_splits(
    source: Path,
    draft: Path,
    splits: Sequence[SplitName],
    model: ChatTokenizer,
    *,
    max_seq_len: int,
    at_batch: Callable[[int], None],
) -> tuple[list[ShardWriter], int]:
    """Write a folder per split and `dropped.parquet`; return the closed writers and the number of dropped examples.

    Raises:
        BaseModelError: template or tokenizer cannot be used; an example has no trained token.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    dropped_schema = pa.schema([("id", pa.string()), ("source_row", pa.int64()), ("num_tokens", pa.int64())])
    done = num_dropped = 0
    with ExitStack() as stack:
        schema = stack.enter_context(pq.ParquetFile(source)).schema_arrow
        writers = [stack.enter_context(ShardWriter(name, draft / name, schema)) for name in SPLITS]
        dropped = stack.enter_context(pq.ParquetWriter(draft / "dropped.parquet", dropped_schema, compression="zstd"))
        for batch in read_batches(source):
            rows = batch.column("source_row").to_pylist()
            tokenised = tokenise(batch.column("messages").to_pylist(), rows, model)
            fits = [len(example.ids) <= max_seq_len for example in tokenised]
            for writer in writers:
                mine = [i for i in range(batch.num_rows) if fits[i] and splits[done + i] == writer.name]
                writer.add(batch.take(pa.array(mine, type=pa.int64())), [tokenised[i] for i in mine])
            long = [i for i in range(batch.num_rows) if not fits[i]]
            ids = batch.column("id").to_pylist()
            listed = [{"id": ids[i], "source_row": rows[i], "num_tokens": len(tokenised[i].ids)} for i in long]
            dropped.write_batch(pa.RecordBatch.from_pylist(listed, schema=dropped_schema))
            num_dropped += len(long)
            done += batch.num_rows
            at_batch(done)
    return writers, num_dropped
