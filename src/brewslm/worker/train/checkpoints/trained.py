"""What is trained, as a checkpoint sees it."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from torch import Tensor
from torch.optim import Optimizer

from brewslm.core.wire.rundir import ADAPTER_FOLDER
from brewslm.worker.models import AnyModel
from brewslm.worker.sharding.weights import is_sharded, like, whole


class StoredWeights(Protocol):
    """The trained weights in the form in which they are stored: an adapter, or a whole model."""

    @property
    def file(self) -> str:
        """Where they are in a checkpoint, `folder/name.safetensors`."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights themselves, not copies, by the names under which they are stored."""
        ...

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """Give every weight the value stored under its name."""
        ...

    def companions(self) -> dict[str, bytes]:
        """Return the files that belong beside them so that others can load them, by their path in a checkpoint."""
        ...


@dataclass(frozen=True, slots=True)
class Trainee:
    """The parts of a training that have weights."""

    model: AnyModel
    optimizer: Optimizer
    stored: StoredWeights

    def names(self) -> list[str]:
        """Names of the trained weights, in the optimiser's order."""
        return [name for name, weight in self.model.named_parameters() if weight.requires_grad]

    def moments(self) -> dict[str, Tensor]:
        """Return the optimiser's state, not copies, as `KIND/NAME OF THE WEIGHT`; empty before the first step."""
        saved: dict[int, dict[str, Tensor]] = self.optimizer.state_dict()["state"]
        return {
            f"{kind}/{name}": value
            for index, name in enumerate(self.names())
            for kind, value in saved.get(index, {}).items()
        }

    def put_moments_back(self, tensors: dict[str, Tensor]) -> None:
        """Give the optimiser the state that `moments` returned."""
        places = {name: index for index, name in enumerate(self.names())}
        weights = dict(self.model.named_parameters())
        state: dict[int, dict[str, Any]] = {index: {} for index in places.values()}
        for full_name, tensor in tensors.items():
            kind, name = full_name.split("/", 1)
            state[places[name]][kind] = like(weights[name], tensor) if tensor.dim() else tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})

    def help_copying(self) -> None:
        """Bring the shards of this process into the copy that the first one makes, where there are any."""
        if is_sharded(self.model):
            for tensor in (*self.stored.tensors().values(), *self.moments().values()):
                whole(tensor)


class AdapterWeights:
    """An adapter as PEFT loads it."""

    file = f"{ADAPTER_FOLDER}/adapter_model.safetensors"

    def __init__(self, model: PeftModel) -> None:
        """Store the adapter of this model."""
        self._model = model

    def tensors(self) -> dict[str, Tensor]:
        """Return the adapter's weights by PEFT's names."""
        weights: dict[str, Tensor] = get_peft_model_state_dict(self._model, save_embedding_layers=False)
        return weights

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """Give every weight of the adapter its stored value."""
        set_peft_model_state_dict(
            self._model, {name: like(weight, tensors[name]) for name, weight in self.tensors().items()}
        )

    def companions(self) -> dict[str, bytes]:
        """Return the adapter's configuration, as PEFT writes it."""
        config = self._model.peft_config["default"]
        was_inference, config.inference_mode = config.inference_mode, True
        with tempfile.TemporaryDirectory() as folder:
            config.save_pretrained(folder)
            written = {f"{ADAPTER_FOLDER}/{path.name}": path.read_bytes() for path in Path(folder).iterdir()}
        config.inference_mode = was_inference
        return written
