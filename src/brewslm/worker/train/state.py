"""Everything about a training that is neither a weight nor an optimiser's moment."""

import random
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from brewslm.core.value import Value, sha256_of
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.progress import RewardScores
from brewslm.core.wire.result import PairedLoss


class Fingerprint(Value):
    """What a checkpoint belongs to; it is refused anywhere else."""

    manifest_id: str
    recipe_hash: str
    base_model: str


def fingerprint_of(order: TrainOrder) -> Fingerprint:
    """Return the fingerprint of an order."""
    # Without defaults, so that a setting which a later version adds does not make this another recipe.
    recipe_hash = sha256_of(order.recipe.model_dump(mode="json", exclude_defaults=True))
    return Fingerprint(manifest_id=order.manifest_id, recipe_hash=recipe_hash, base_model=order.recipe.base_model)


class Window(Value):
    """What has added up since the last record."""

    loss_sum: float = 0.0
    num_units: int = 0
    num_tokens: int = 0
    num_examples: int = 0
    num_steps: int = 0
    seconds: float = 0.0


class TrainState(Value):
    """Where a training stands after a step."""

    step: int = 0
    window: Window = Window()
    num_tokens_seen: int = 0
    seconds: float = 0.0
    """Wall time of this and earlier attempts."""
    training_seconds: float = 0.0
    """The part of it that went into optimiser steps."""
    baseline_seconds: float = 0.0
    passes: dict[int, tuple[int, float]] = Field(default_factory=dict)
    """Tokens and seconds of micro-batches, by the mean length of their examples, rounded up to a power of two."""
    last_loss: float | None = None
    """Of the newest record."""
    last_pair: PairedLoss | None = None
    evaluated: dict[int, float] = Field(default_factory=dict)
    """Eval loss by step."""
    intervals: dict[int, tuple[float, float]] = Field(default_factory=dict)
    """95 % interval of its difference from the base's, by step."""
    rewards: dict[int, RewardScores] = Field(default_factory=dict)
    """Rewards on the eval split by step, of the modes that have them."""


def seed_step(seed: int, step: int, rank: int) -> None:
    """Make what is random within a step, such as dropout, a pure function of seed, step and process."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0] >> 1))


class RandomState(Value):
    """The state of the random sources, as far as it is no tensor."""

    numpy: tuple[str, int, int, float]
    python: tuple[int, tuple[int, ...], float | None]


class StateFile(Value):
    """`state.json` of a checkpoint."""

    state: TrainState
    random: RandomState


def random_state() -> tuple[dict[str, Tensor], RandomState]:
    """Return the state of every random source: copied tensors, and the rest."""
    numpy: Any = np.random.get_state(legacy=True)
    name, keys, position, has_gauss, cached = numpy
    tensors = {"torch": torch.get_rng_state(), "numpy": torch.from_numpy(np.asarray(keys).astype(np.int64))}
    for index, state in enumerate(torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []):
        tensors[f"cuda.{index}"] = state
    return tensors, RandomState(numpy=(name, position, has_gauss, cached), python=random.getstate())


def restore_random_state(tensors: dict[str, Tensor], plain: RandomState) -> None:
    """Put every random source back to where it was; a device that was not there before keeps its own state."""
    torch.set_rng_state(tensors["torch"])
    name, position, has_gauss, cached = plain.numpy
    np.random.set_state((name, tensors["numpy"].numpy().astype(np.uint32), position, has_gauss, cached))
    random.setstate(plain.python)
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        if (state := tensors.get(f"cuda.{index}")) is not None:
            torch.cuda.set_rng_state(state, index)
