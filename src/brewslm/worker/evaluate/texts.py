"""The loss of plain texts."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from brewslm.worker.models import AnyModel, unpacked

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@torch.no_grad()
def text_losses(
    model: AnyModel,
    tokenizer: "PreTrainedTokenizerBase",
    texts: Sequence[str],
    *,
    on_text: Callable[[float], None] = lambda _: None,
) -> tuple[float, ...]:
    """Return the loss of each text, summed over its tokens but the first, nats.

    Args:
        model: in evaluation mode.
        tokenizer: its own; no template and no special token is put around a text.
        texts: a text beyond the model's context is cut off there.
        on_text: told the share that is done.
    """
    context: int = getattr(model.config.get_text_config(), "max_position_embeddings", 1 << 30)
    device = next(model.parameters()).device
    losses = []
    with unpacked(model):
        for number, text in enumerate(texts, start=1):
            ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"][:context]], device=device)
            logits = model(input_ids=ids, use_cache=False).logits[0, :-1].float()
            losses.append(float(torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum")))
            on_text(number / len(texts))
    return tuple(losses)
