"""A saved model as a stranger loads it: what parity asks of it, whichever runtime answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from brewslm.worker.answers.generation import greedy_ids
from brewslm.worker.llama.running import LlamaModel
from brewslm.worker.models import AnyModel, unpacked
from brewslm.worker.packing import pack
from brewslm.worker.scoring import scoring_batches, token_losses
from brewslm.worker.shard import Shard


class Form(Protocol):
    """A model that is compared."""

    def losses(self, shard: Shard) -> NDArray[np.float64]:
        """Return the loss of every trained token, [num_trained], in the order of the split, nats."""
        ...

    def answers(self, prompts: Sequence[list[int]], *, max_new_tokens: int) -> list[list[int]]:
        """Return the greedy answer to each prompt, up to and with the token that ends it."""
        ...


@dataclass(frozen=True, slots=True)
class TorchForm:
    """A model in transformers."""

    model: AnyModel
    stops: frozenset[int]

    @torch.no_grad()
    def losses(self, shard: Shard) -> NDArray[np.float64]:
        """Score in packed rows."""
        device = next(self.model.parameters()).device
        starts = np.cumsum([0, *shard.num_trained])
        found = np.empty(starts[-1])
        for indices in scoring_batches(shard):
            batch = pack(shard, indices, device=device)
            if not batch.num_labels:
                continue
            scored = token_losses(self.model, batch).double().cpu().numpy()
            owners = batch.owners.cpu().numpy()
            for place, index in enumerate(indices):
                found[starts[index] : starts[index + 1]] = scored[owners == place]
        return found

    def answers(self, prompts: Sequence[list[int]], *, max_new_tokens: int) -> list[list[int]]:
        """Answer one prompt after the other."""
        with unpacked(self.model):
            return [
                greedy_ids(self.model, prompt, stops=self.stops, max_new_tokens=max_new_tokens) for prompt in prompts
            ]

    @torch.no_grad()
    def margin(self, tokens: Sequence[int], ours: int, theirs: int) -> float:
        """Return by how many nats `ours` is likelier than `theirs` after these tokens."""
        ids = torch.tensor([list(tokens)], device=next(self.model.parameters()).device)
        with unpacked(self.model):
            logits = self.model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[0, -1].double()
        return float(logits[ours] - logits[theirs])


@dataclass(frozen=True, slots=True)
class LlamaForm:
    """A GGUF file in llama.cpp."""

    model: LlamaModel
    stops: frozenset[int]

    def losses(self, shard: Shard) -> NDArray[np.float64]:
        """Score one example after the other."""
        found = []
        for index in range(len(shard)):
            tokens, mask = shard.example(index)
            places = np.flatnonzero(mask).tolist()
            if places:
                found.append(self.model.losses(tokens.tolist(), places))
        return np.concatenate(found)

    def answers(self, prompts: Sequence[list[int]], *, max_new_tokens: int) -> list[list[int]]:
        """Answer one prompt after the other."""
        return [self.model.greedy_ids(prompt, stops=self.stops, max_new_tokens=max_new_tokens) for prompt in prompts]
