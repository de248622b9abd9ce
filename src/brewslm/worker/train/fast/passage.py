"""One packed row on its way through the model and back."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brewslm.worker.operations.interface import Angles
from brewslm.worker.train.fast.gradients import Gradients
from brewslm.worker.train.fast.rows import Rows
from brewslm.worker.train.fast.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Passage:
    """What every part of the model is handed."""

    rows: Rows
    angles: Angles
    """Of all rows."""
    label_angles: Angles
    """Of the rows with labels."""
    work: Workspace
    book: Gradients
    is_base: bool = False
    """Whether to leave the adapters out."""


POSITIONS_AT_A_TIME = 256
"""Always the same ones together: vectorised functions may round an angle otherwise where it stands at another place."""


class RotaryTable:
    """The angles of each position, as the model's own module makes them."""

    def __init__(self, module: nn.Module) -> None:
        """Ask this module when a position is new."""
        self._module = module
        self._table = Angles(torch.empty(0), torch.empty(0))

    def angles(self, positions: Tensor) -> Angles:
        """Return the angles of these positions, [num_rows]."""
        num_needed = int(positions.max()) + 1
        while len(self._table.cosines) < num_needed:
            first = len(self._table.cosines)
            more = torch.arange(first, first + POSITIONS_AT_A_TIME)[None]
            parts = [part[0].chunk(2, dim=-1)[0] for part in self._module(torch.empty(0), more)]
            if first:
                parts = [torch.cat(pair) for pair in zip((self._table.cosines, self._table.sines), parts, strict=True)]
            self._table = Angles(*(part.contiguous() for part in parts))
        return self._table.of(positions)
