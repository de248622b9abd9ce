"""Tokens that the corpus hardly has: training only pushes them away, so that no later fine-tuning could bring them out.

With tied embeddings a token that never occurs ends far out in the one direction that no context asks for. Its row is
therefore drawn again as a new token's would be: from the normal distribution that the trained rows follow (Hewitt 2021,
"Initializing New Word Embeddings for Pretrained Language Models").
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pretrain.documents import SPECIAL_TOKENS, Source
from pretrain.streams import Tokens

FEWEST = 20
"""Tokens that occur less often than this in the training text count as unseen."""


def count_tokens(streams: Mapping[Source, Tokens], *, vocabulary_size: int) -> NDArray[np.int64]:
    """Count each token over all sources; shape [vocabulary_size]."""
    counts = np.zeros(vocabulary_size, dtype=np.int64)
    for stream in streams.values():
        counts += np.bincount(stream, minlength=vocabulary_size)
    return counts


def redraw_unseen(embeddings: Tensor, counts: NDArray[np.int64], *, seed: int) -> Tensor:
    """Return the embeddings with the rows of unseen ordinary tokens drawn from the distribution of the others.

    Args:
        embeddings: [vocabulary_size, hidden_size].
        counts: how often each token occurs in the training text, [vocabulary_size].
        seed: fixes the draw.
    """
    is_unseen = torch.from_numpy(counts < FEWEST)
    is_unseen[: len(SPECIAL_TOKENS)] = False
    seen = embeddings[~is_unseen].double()
    centre = seen.mean(dim=0)
    spread = torch.linalg.cholesky(torch.cov(seen.T) + 1e-9 * torch.eye(seen.shape[1], dtype=torch.float64))
    noise = torch.randn(
        int(is_unseen.sum()), seen.shape[1], dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )
    redrawn = embeddings.clone()
    redrawn[is_unseen] = (centre + noise @ spread.T).to(embeddings.dtype)
    return redrawn
