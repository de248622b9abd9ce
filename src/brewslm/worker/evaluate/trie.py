"""The labels as a tree of tokens, so that what they share is computed once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LabelTrie:
    """Node 0 is the prompt; each other node is a beginning of a label, parents before children."""

    tokens: Ints
    """[num_nodes], the token by which a node is reached; 0 for node 0."""
    depths: Ints
    """[num_nodes]."""
    ancestors: NDArray[np.bool_]
    """[num_nodes, num_nodes], True where the second is the first or lies above it."""
    edge_starts: Ints
    """[num_nodes + 1], where the edges of each node begin."""
    edge_tokens: Ints
    """[num_edges]."""
    edge_nodes: Ints
    """[num_edges], the node that an edge leads to; -1 where it ends a label."""
    edge_labels: Ints
    """[num_edges], the label that an edge ends; -1 where it leads on."""

    def edges_of(self, node: int) -> range:
        """The edges that leave a node."""
        return range(int(self.edge_starts[node]), int(self.edge_starts[node + 1]))


def trie_of(labels: Sequence[Sequence[int]]) -> LabelTrie:
    """Build the tree of these labels; none may be the beginning of another (each ends with an end-of-turn token)."""
    paths = sorted({tuple(label[:end]) for label in labels for end in range(len(label))}, key=lambda p: (len(p), p))
    number = {path: index for index, path in enumerate(paths)}
    full = {tuple(label): index for index, label in enumerate(labels)}
    ancestors = np.zeros((len(paths), len(paths)), dtype=bool)
    edges: list[tuple[int, int, int, int]] = []
    for path, index in number.items():
        ancestors[index, [number[path[:end]] for end in range(len(path) + 1)]] = True
        if path:
            edges.append((number[path[:-1]], path[-1], index, -1))
    edges += [(number[path[:-1]], path[-1], -1, label) for path, label in full.items()]
    edges.sort()
    columns = np.array(edges, dtype=np.int64).reshape(-1, 4)
    return LabelTrie(
        tokens=np.array([path[-1] if path else 0 for path in paths]),
        depths=np.array([len(path) for path in paths]),
        ancestors=ancestors,
        edge_starts=np.searchsorted(columns[:, 0], np.arange(len(paths) + 1)),
        edge_tokens=columns[:, 1],
        edge_nodes=columns[:, 2],
        edge_labels=columns[:, 3],
    )
