"""How far two forms of the same model differ on the same examples and prompts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from brewslm.core.data.example import Message
from brewslm.worker.answers.chat import Chat
from brewslm.worker.answers.generation import greedy_ids
from brewslm.worker.models import AnyModel, unpacked
from brewslm.worker.packing import pack
from brewslm.worker.scoring import scoring_batches, token_losses
from brewslm.worker.shard import Shard

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NUM_NEW_TOKENS = 48


@dataclass(frozen=True, slots=True)
class Parity:
    """The comparison. Losses are means per trained token, nats."""

    num_examples: int
    adapter_loss: float
    merged_loss: float
    largest_logprob_difference: float
    """Over all trained tokens, of the log-probability of the right one."""
    same_greedy_tokens: bool


@torch.no_grad()
def compare(
    tuned: AnyModel,
    merged: "PreTrainedModel",
    *,
    shard: Shard,
    chat: Chat,
    prompts: Sequence[Sequence[Message]],
) -> Parity:
    """Score both on every example of `shard`, and let both answer `prompts`."""
    adapter_sum = merged_sum = largest = 0.0
    device = next(merged.parameters()).device
    for indices in scoring_batches(shard):
        batch = pack(shard, indices, device=device)
        if not batch.num_labels:
            continue
        ours, theirs = token_losses(tuned, batch).double(), token_losses(merged, batch).double()
        adapter_sum += float(ours.sum())
        merged_sum += float(theirs.sum())
        largest = max(largest, float((ours - theirs).abs().max()))
    num_tokens = int(shard.num_trained.sum())
    return Parity(
        num_examples=len(shard),
        adapter_loss=adapter_sum / num_tokens,
        merged_loss=merged_sum / num_tokens,
        largest_logprob_difference=largest,
        same_greedy_tokens=_answers(tuned, chat, prompts) == _answers(merged, chat, prompts),
    )


def _answers(model: AnyModel, chat: Chat, prompts: Sequence[Sequence[Message]]) -> list[list[int]]:
    with unpacked(model):
        return [
            greedy_ids(model, chat.prompt_ids(messages), stops=chat.stops, max_new_tokens=NUM_NEW_TOKENS)
            for messages in prompts
        ]
