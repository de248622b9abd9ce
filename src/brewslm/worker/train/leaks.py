"""Proves on the spot that packed losses are the library's own, for architectures that no test of ours knows."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from brewslm.worker.failure import BadOrderError
from brewslm.worker.models import AnyModel, compute_dtype_of, unpacked, without_adapter
from brewslm.worker.packing import pack
from brewslm.worker.scoring import token_losses
from brewslm.worker.shard import Shard

_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.2}
"""Nats, of the mean absolute difference; a leak is far above, rounding far below."""


@torch.no_grad()
def refuse_leaks(model: AnyModel, shard: Shard) -> None:
    """Compare the losses of two short examples in one row with those of each alone, by the library's whole forward.

    Raises:
        BadOrderError: they differ, so this architecture cannot be trained on packed rows, or its head is not as read.
    """
    trained = np.flatnonzero(shard.num_trained)
    indices = trained[np.argsort(shard.lengths[trained], kind="stable")][:2]
    packed = token_losses(model, pack(shard, indices, device=next(model.parameters()).device))
    alone = torch.cat([_alone(model, shard, int(index)) for index in indices])
    difference = float((packed - alone).abs().mean())
    if difference > _TOLERANCE.get(compute_dtype_of(model), 0.2):
        name = type(without_adapter(model)).__name__
        message = f"Packed examples of the architecture {name} see each other, or its logits are made in a way that is "
        raise BadOrderError(f"{message}not known here (losses differ by {difference:.3f}); choose another base model.")


def _alone(model: AnyModel, shard: Shard, index: int) -> Tensor:
    tokens, mask = shard.example(index)
    device = next(model.parameters()).device
    ids = torch.from_numpy(tokens.astype(np.int64)).to(device)
    trained = torch.from_numpy(np.flatnonzero(mask)).to(device)
    with unpacked(model):
        logits = model(input_ids=ids.unsqueeze(0), use_cache=False).logits[0]
    return cross_entropy(logits[trained - 1].float(), ids[trained], reduction="none")
