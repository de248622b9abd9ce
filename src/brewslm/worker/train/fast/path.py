"""The fast path: one packed row through the whole model and back."""

import torch
from torch import Tensor

from brewslm.worker.models import AnyModel
from brewslm.worker.operations.interface import Normed, Operations
from brewslm.worker.packing import PackedBatch
from brewslm.worker.train.fast.anatomy import Anatomy, anatomy_of, is_adapter_off
from brewslm.worker.train.fast.block import Block, Stream
from brewslm.worker.train.fast.gradients import Gradients
from brewslm.worker.train.fast.loss import Head
from brewslm.worker.train.fast.passage import Passage, RotaryTable
from brewslm.worker.train.fast.rows import rows_of
from brewslm.worker.train.fast.workspace import Workspace


class FastPath:
    """Gradients without autograd, for the models of which `support.supports` says nothing against it."""

    name = "fast"

    def __init__(self, model: AnyModel, operations: Operations, *, dtype: torch.dtype) -> None:
        """Take the weights of a model; they stay the model's own.

        Args:
            model: what is trained.
            operations: what is between the products.
            dtype: of the products.
        """
        anatomy = anatomy_of(model)
        self._model, self._anatomy, self._operations, self._dtype = model, anatomy, operations, dtype
        self._work, self._book = Workspace(), Gradients()
        self._rotary = RotaryTable(anatomy.rotary)
        last = len(anatomy.blocks) - 1
        self._lowest = lowest_trained(anatomy)
        with torch.no_grad():
            self._head = Head(anatomy.head, operations, dtype=dtype)
            self._blocks = [
                Block(
                    parts,
                    operations,
                    # Blocks below the lowest trained one keep nothing for later, so that they share their buffers.
                    name=str(place) if place >= self._lowest else "frozen",
                    dtype=dtype,
                    is_last=place == last,
                )
                for place, parts in enumerate(anatomy.blocks)
            ]

    @torch.no_grad()
    def weights_changed(self) -> None:
        """Renew what is derived from trained weights."""
        for block in self._blocks[self._lowest :]:
            block.refresh()
        self._head.refresh()

    @torch.no_grad()
    def add_gradients(self, batch: PackedBatch, *, scale: float) -> float:
        """Add the gradient of `scale` times the summed loss to `.grad`; return that sum in nats."""
        passage = self._passage(batch, self._work)
        self._work.begin(passage.rows.num_rows)
        normed = self._forward(passage)
        loss, gradient = self._head.forward_backward(normed.values, passage, scale=scale)
        self._backward(gradient, normed, passage)
        return loss

    @torch.no_grad()
    def token_losses(self, batch: PackedBatch) -> Tensor:
        """Return the loss of each label, [num_labels], float32 nats; of the base while the adapter is off."""
        passage = self._passage(batch, self._work.of_one_block(), is_base=is_adapter_off(self._model))
        return self._head.losses(self._forward(passage).values, passage)

    @property
    def num_kept_bytes(self) -> int:
        """Of the memory that is used again in each step."""
        return self._work.num_bytes

    def _passage(self, batch: PackedBatch, work: Workspace, *, is_base: bool = False) -> Passage:
        rows = rows_of(batch)
        angles = self._rotary.angles(rows.positions)
        return Passage(rows, angles, angles.of(rows.labels), work, self._book, is_base)

    def _forward(self, passage: Passage) -> Normed:
        """Return the final norm of the rows of labels."""
        embedded = torch.nn.functional.embedding(passage.rows.input_ids, self._anatomy.embedding)
        stream = Stream(embedded.float(), None)
        for block in self._blocks:
            stream = block.forward(stream, passage)
        norm, shape = self._anatomy.norm, stream.total.shape
        normed = Normed(
            stream=passage.work.take("norm.stream", *shape),
            values=passage.work.take("norm.values", *shape, dtype=self._dtype),
            scale=passage.work.take("norm.scale", len(stream.total)),
        )
        self._operations.add_norm(stream.total, stream.delta, norm.weight, norm.epsilon, normed)
        return normed

    def _backward(self, gradient: Tensor, normed: Normed, passage: Passage) -> None:
        norm, book, embedding = self._anatomy.norm, self._book, self._anatomy.embedding
        total = self._work.take("of_labels", *gradient.shape).zero_()
        of_weight = book.sum_of(norm.weight) if norm.weight.requires_grad else None
        self._operations.norm_backward(gradient, normed, norm.weight, total, of_weight)
        for place in range(len(self._blocks) - 1, self._lowest - 1, -1):
            is_lowest = place == self._lowest and not embedding.requires_grad
            total = self._blocks[place].backward(total, passage, is_lowest=is_lowest)
        if embedding.requires_grad:
            book.sum_of(embedding).index_add_(0, passage.rows.input_ids, total)


def lowest_trained(anatomy: Anatomy) -> int:
    """Return the lowest block that has something to train, or that lies above an embedding that has."""
    if anatomy.embedding.requires_grad:
        return 0
    return min((place for place, parts in enumerate(anatomy.blocks) if parts.is_trained), default=len(anatomy.blocks))
