"""Which objective a recipe's mode means."""

from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from brewslm.core.wire.order import TrainOrder
from brewslm.worker.models import AnyModel, vocab_size_of
from brewslm.worker.run import Run
from brewslm.worker.shard import Shard
from brewslm.worker.train.batches import Curriculum
from brewslm.worker.train.fast.choice import path_for
from brewslm.worker.train.objectives.answers import open_judged, open_pairs
from brewslm.worker.train.objectives.feedback import FeedbackObjective, KtoLoss
from brewslm.worker.train.objectives.objective import Objective
from brewslm.worker.train.objectives.preference import PreferenceObjective, loss_for
from brewslm.worker.train.objectives.reference import reference_of
from brewslm.worker.train.objectives.tokens import TokenObjective


def objective_of(order: TrainOrder, run: Run, model: AnyModel, train_split: Shard, eval_split: Shard) -> Objective[Any]:
    """Return the objective of the recipe's mode; `model` is not trained yet.

    Raises:
        BadDataError: the splits are not those of this mode.
        NotFiniteError: the base model is broken.
    """
    match order.recipe.mode:
        case "sft" | "continued_pretraining":
            path = path_for(order.recipe, model, train_split, run)
            return TokenObjective(model, path, train_split, eval_split, processes=run.processes)
        case "dpo" | "orpo":
            return _preference(order, run, model)
        case "kto":
            return _feedback(order, run, model)
        case _:
            assert_never(order.recipe.mode)


def _preference(order: TrainOrder, run: Run, model: AnyModel) -> PreferenceObjective:
    mode, vocab_size = order.recipe.mode, vocab_size_of(model)
    train = open_pairs(Path(order.train_folder), mode=mode, vocab_size=vocab_size)
    eval_ = open_pairs(Path(order.eval_folder), mode=mode, vocab_size=vocab_size)
    rows = np.empty(0, dtype=np.int64)  # The odds ratio compares with the base on the eval split only.
    if mode == "dpo":
        rows = _seen(order, train.pair_lengths)
    reference = reference_of(model, train, eval_, rows=rows, order=order, run=run)
    return PreferenceObjective(
        model, loss_for(mode, order.recipe.preference), train, eval_, reference, processes=run.processes
    )


def _feedback(order: TrainOrder, run: Run, model: AnyModel) -> FeedbackObjective:
    recipe, vocab_size = order.recipe, vocab_size_of(model)
    train, eval_ = (
        open_judged(Path(folder), vocab_size=vocab_size, max_seq_len=recipe.data.max_seq_len, seed=recipe.seed)
        for folder in (order.train_folder, order.eval_folder)
    )
    rows = _seen(order, train.lengths[::2])
    reference = reference_of(model, train, eval_, rows=rows, order=order, run=run)
    return FeedbackObjective(model, KtoLoss.of(recipe.preference), train, eval_, reference, processes=run.processes)


def _seen(order: TrainOrder, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return Curriculum(lengths, order.recipe.data, seed=order.recipe.seed).examples()
