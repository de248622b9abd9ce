"""The weights of a model that is trained as a whole, as a checkpoint stores them."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from brewslm.core.wire.rundir import MODEL_FOLDER
from brewslm.worker.sharding.weights import like

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class ModelWeights:
    """A whole model as transformers loads it; of weights that are tied the first name is stored."""

    file = f"{MODEL_FOLDER}/model.safetensors"

    def __init__(self, model: "PreTrainedModel") -> None:
        """Store this model."""
        self._model = model

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights and lasting buffers by their names in the model."""
        every_name = {name for name, _ in self._model.named_parameters(remove_duplicate=False)}
        lasting = {name: value for name, value in self._model.state_dict().items() if name not in every_name}
        return dict(self._model.named_parameters()) | lasting

    @torch.no_grad()
    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """Give every weight its stored value."""
        for name, value in self.tensors().items():
            value.copy_(like(value, tensors[name]))

    def companions(self) -> dict[str, bytes]:
        """Return the configurations that belong beside the weights."""
        with tempfile.TemporaryDirectory() as folder:
            self._model.config.save_pretrained(folder)
            if self._model.generation_config is not None:
                self._model.generation_config.save_pretrained(folder)
            return {f"{MODEL_FOLDER}/{path.name}": path.read_bytes() for path in Path(folder).iterdir()}
