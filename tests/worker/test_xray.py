"""The X-ray shows what the worker's own packing does, token by token."""

from pathlib import Path

import numpy as np
import pytest
import torch

from brewslm.services.data.xray import row_of
from brewslm.worker.packing import pack
from brewslm.worker.shard import open_shard
from tests.worker.tiny import VOCAB_SIZE, write_split

CPU = torch.device("cpu")


@pytest.mark.parametrize("index", range(9))
def test_the_states_are_the_labels_of_the_packed_row(tmp_path: Path, index: int) -> None:
    folder = write_split(tmp_path / "split", 9, seed=3)
    batch = pack(open_shard(folder, vocab_size=VOCAB_SIZE), [index], device=CPU)
    row = row_of(folder, index)
    assert [token for token, _ in row] == batch.input_ids[0].tolist()
    labels = np.full(len(row), -1)
    labels[batch.label_positions.numpy() + 1] = batch.targets.numpy()
    assert [token if state == "trained" else -1 for token, state in row] == labels.tolist()
    assert sum(state != "padding" for _, state in row) == batch.num_tokens
    assert all(state == "padding" for _, state in row[batch.num_tokens :])
