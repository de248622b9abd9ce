"""The likeliest label of each row: exact, by best-first search over the tree of labels.

A label's score is the log-likelihood of all its tokens with the end-of-turn token, so the score of a beginning bounds
every label that continues it. A beginning is looked at only while its bound beats the best whole label found.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from brewslm.worker.evaluate.trie import Ints, LabelTrie
from brewslm.worker.models import AnyModel, unpacked, vocab_size_of

LOGIT_BUDGET = 1 << 26
"""Logits at a time, 256 MiB in float32."""
MAX_ROWS = 64
MAX_NODES = 24
"""New nodes per row and round."""
MAX_BUSY_SHARE = 0.7
"""Of the rows of a batch; where fewer still search, the others leave it."""
WITHIN_NATS = 12.0
"""Of the most promising node; what is far behind it waits a round, for it may never be needed."""


@dataclass(slots=True)
class _Search:
    """The state of a batch of rows."""

    trie: LabelTrie
    scores: NDArray[np.float64]
    """[num_rows, num_nodes], log-likelihood of each beginning; -inf where not known yet."""
    is_open: NDArray[np.bool_]
    """[num_rows, num_nodes], known but not looked into."""
    slots: Ints
    """[num_rows, num_nodes], place in the cache of what was looked into; -1 else."""
    best: NDArray[np.float64]
    labels: Ints
    pads: Ints
    """[num_rows], empty places before each prompt."""
    longest: int
    """Places of the prompts in the cache."""
    num_slots: int
    """Places of the cache that are taken."""

    def only(self, rows: Ints) -> "_Search":
        """Return the search of some of the rows."""
        return replace(
            self,
            scores=self.scores[rows],
            is_open=self.is_open[rows],
            slots=self.slots[rows],
            best=self.best[rows],
            labels=self.labels[rows],
            pads=self.pads[rows],
        )

    def choose(self) -> Ints:
        """Return the nodes to look into next, [num_rows, width], -1 where a row has fewer."""
        bounds = np.where(self.is_open & (self.scores > self.best[:, None]), self.scores, -np.inf)
        top = bounds.max(axis=1, keepdims=True)
        bounds[bounds < top - WITHIN_NATS] = -np.inf
        order = np.argsort(-bounds, axis=1, kind="stable")[:, :MAX_NODES]
        chosen = np.where(np.isfinite(np.take_along_axis(bounds, order, axis=1)), order, -1)
        return chosen[:, (chosen >= 0).any(axis=0)]

    def learn(self, nodes: Ints, log_probs: Tensor) -> None:
        """Take in the next-token log-probabilities [num_rows, width, vocab_size] of `nodes` [num_rows, width]."""
        rows, columns = np.nonzero(nodes >= 0)
        edges = [self.trie.edges_of(int(nodes[row, column])) for row, column in zip(rows, columns, strict=True)]
        sizes = [len(span) for span in edges]
        edge = np.concatenate([np.asarray(span) for span in edges]).astype(np.int64)
        row, column = np.repeat(rows, sizes), np.repeat(columns, sizes)
        places = (torch.from_numpy(index) for index in (row, column, self.trie.edge_tokens[edge]))
        picked = log_probs[tuple(places)]
        score = self.scores[row, nodes[row, column]] + picked.double().cpu().numpy()
        leads_on = self.trie.edge_labels[edge] < 0
        targets = self.trie.edge_nodes[edge[leads_on]]
        self.scores[row[leads_on], targets] = score[leads_on]
        self.is_open[row[leads_on], targets] = True
        self.is_open[rows, nodes[rows, columns]] = False
        for index in np.flatnonzero(~leads_on):
            if score[index] > self.best[row[index]]:
                self.best[row[index]] = score[index]
                self.labels[row[index]] = self.trie.edge_labels[edge[index]]


@torch.no_grad()
def likeliest_labels(
    model: AnyModel,
    prompts: Sequence[Sequence[int]],
    trie: LabelTrie,
    *,
    on_batch: Callable[[float], None] = lambda _: None,
) -> tuple[Ints, NDArray[np.float64]]:
    """Return the likeliest label of each prompt and its log-likelihood, [num_prompts] each.

    Args:
        model: in evaluation mode.
        prompts: tokens up to where the assistant speaks.
        trie: of the labels' tokens, each with its end-of-turn token.
        on_batch: told the share that is done.
    """
    labels, scores = np.zeros(len(prompts), dtype=np.int64), np.zeros(len(prompts))
    num_rows = max(1, min(MAX_ROWS, LOGIT_BUDGET // (MAX_NODES * vocab_size_of(model))))
    by_length = np.argsort([len(prompt) for prompt in prompts], kind="stable")
    with unpacked(model):
        for start in range(0, len(prompts), num_rows):
            rows = by_length[start : start + num_rows]
            labels[rows], scores[rows] = _search(model, [prompts[row] for row in rows], trie)
            on_batch(min(1.0, (start + num_rows) / len(prompts)))
    return labels, scores


def _search(model: AnyModel, prompts: Sequence[Sequence[int]], trie: LabelTrie) -> tuple[Ints, NDArray[np.float64]]:
    shape = (len(prompts), len(trie.tokens))
    longest = max(len(prompt) for prompt in prompts)
    search = _Search(
        trie=trie,
        scores=np.full(shape, -np.inf),
        is_open=np.zeros(shape, dtype=bool),
        slots=np.full(shape, -1),
        best=np.full(len(prompts), -np.inf),
        labels=np.zeros(len(prompts), dtype=np.int64),
        pads=np.array([longest - len(prompt) for prompt in prompts]),
        longest=longest,
        num_slots=longest,
    )
    search.scores[:, 0] = 0.0
    rows = np.arange(len(prompts))
    labels, best = search.labels.copy(), search.best.copy()
    cache = _read_prompts(model, prompts, search)
    while (nodes := search.choose()).size:
        busy = np.flatnonzero((nodes >= 0).any(axis=1))
        if len(busy) <= MAX_BUSY_SHARE * len(nodes):
            labels[rows], best[rows] = search.labels, search.best
            rows, nodes, search = rows[busy], nodes[busy], search.only(busy)
            cache.batch_select_indices(torch.from_numpy(busy).to(next(model.parameters()).device))
        cache = _look_into(model, nodes, search, cache)
    labels[rows], best[rows] = search.labels, search.best
    return labels, best


def _read_prompts(model: AnyModel, prompts: Sequence[Sequence[int]], search: _Search) -> Any:  # noqa: ANN401 - a cache of the library
    """Run the prompts, padded on the left, so that all end at the same place."""
    pads, places = search.pads[:, None], np.arange(search.longest)
    ids = np.array([[0] * (search.longest - len(prompt)) + list(prompt) for prompt in prompts])
    is_before = places[None, :] <= places[:, None]
    is_self = np.eye(search.longest, dtype=bool)
    sees = (is_before[None] & (places >= pads)[:, None, :]) | is_self[None]
    log_probs, cache = _forward(model, ids, np.maximum(places - pads, 0), sees, cache=None, keep=1)
    search.learn(np.zeros((len(prompts), 1), dtype=np.int64), log_probs)
    return cache


def _look_into(model: AnyModel, nodes: Ints, search: _Search, cache: Any) -> Any:  # noqa: ANN401 - as above
    """Run chosen nodes: each sees its prompt, the nodes above it, and itself."""
    trie, width, first = search.trie, nodes.shape[1], search.num_slots
    pads, known = search.pads[:, None], np.maximum(nodes, 0)
    rows, columns = np.nonzero(nodes >= 0)
    search.slots[rows, nodes[rows, columns]] = first + columns
    search.num_slots += width
    sees = np.zeros((*nodes.shape, search.num_slots), dtype=bool)
    sees[:, :, : search.longest] = (np.arange(search.longest) >= pads)[:, None, :]
    row, column, node = np.nonzero(trie.ancestors[known] & (search.slots >= 0)[:, None, :])
    sees[row, column, search.slots[row, node]] = True
    positions = search.longest - pads + trie.depths[known] - 1
    log_probs, cache = _forward(model, trie.tokens[known], positions, sees, cache=cache, keep=width)
    search.learn(nodes, log_probs)
    return cache


def _forward(
    model: AnyModel,
    ids: Ints,
    positions: Ints,
    sees: NDArray[np.bool_],
    *,
    cache: Any,  # noqa: ANN401 - as above
    keep: int,
) -> tuple[Tensor, Any]:
    """Return next-token log-probabilities at the last `keep` places, [num_rows, keep, vocab_size], and the cache."""
    device = next(model.parameters()).device
    output = model(
        input_ids=torch.from_numpy(ids).to(device),
        position_ids=torch.from_numpy(np.maximum(positions, 0)).to(device),
        attention_mask=torch.from_numpy(sees[:, None]).to(device),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=keep,
    )
    return output.logits.float().log_softmax(-1), output.past_key_values
