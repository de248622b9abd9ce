"""Tokens that the corpus lacks can be brought out by fine-tuning; all others stay as they were trained."""

import numpy as np
import torch

from pretrain.documents import SPECIAL_TOKENS
from pretrain.unseen import FEWEST, count_tokens, redraw_unseen


def test_tokens_are_counted_over_all_sources() -> None:
    streams = {"books": np.array([5, 6, 6], dtype=np.uint16), "own": np.array([6], dtype=np.uint16)}
    assert count_tokens(streams, vocabulary_size=8).tolist() == [0, 0, 0, 0, 0, 1, 3, 0]


def test_only_the_rows_of_unseen_ordinary_tokens_change_and_they_look_like_the_others() -> None:
    torch.manual_seed(0)
    embeddings = torch.randn(600, 8) @ torch.diag(torch.arange(1.0, 9.0)) + 3.0
    embeddings[500:] = 40.0
    counts = np.where(np.arange(600) < 500, FEWEST, 0)
    counts[: len(SPECIAL_TOKENS)] = 0
    redrawn = redraw_unseen(embeddings, counts, seed=1)
    assert torch.equal(redrawn[:500], embeddings[:500])
    assert torch.allclose(redrawn[500:].mean(dim=0), embeddings[:500].mean(dim=0), atol=3.0)
    assert torch.allclose(redrawn[500:].std(dim=0), embeddings[:500].std(dim=0), rtol=0.35)
    assert torch.equal(redrawn, redraw_unseen(embeddings, counts, seed=1))
