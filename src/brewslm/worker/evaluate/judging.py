"""Base and tuned by the objective that the tuned one was trained for, on pairs or on answers judged by themselves.

The reference is the base of the evaluation itself, so that its own loss is a constant but for `orpo`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from brewslm.core.wire.order import Judgement
from brewslm.core.wire.result import JudgedSplit
from brewslm.worker.train.objectives.answers import JudgedAnswers, Pairs, open_judged, open_pairs
from brewslm.worker.train.objectives.feedback import KtoLoss, divergence_of
from brewslm.worker.train.objectives.preference import Logps, loss_for
from brewslm.worker.train.objectives.rewards import judged_scores, pair_scores

Who = Literal["base", "tuned"]
SIDES: tuple[Who, ...] = ("base", "tuned")


def open_answers(folder: Path, judgement: Judgement, *, vocab_size: int) -> Pairs | JudgedAnswers:
    """Map a split in which two examples belong to each row, of which the first is the one that any mode learns.

    Raises:
        BadDataError: it is damaged, or not of this kind.
    """
    if judgement.mode == "kto":
        return open_judged(folder, vocab_size=vocab_size, max_seq_len=judgement.max_seq_len, seed=judgement.seed)
    return open_pairs(folder, mode=judgement.mode, vocab_size=vocab_size)


def judge(
    name: str, answers: Pairs | JudgedAnswers, losses: Mapping[Who, NDArray[np.float64]], judgement: Judgement
) -> JudgedSplit:
    """Make the objective of the answers' summed losses, each [2 * num_rows], nats."""
    base, tuned = (-losses[who].reshape(-1, 2) for who in SIDES)
    if isinstance(answers, Pairs):
        return _judge_pairs(name, answers, base, tuned, judgement)
    loss = KtoLoss.of(judgement.settings)
    is_good = torch.from_numpy(answers.is_good)
    found = {}
    for who, logps in (("base", base), ("tuned", tuned)):
        ratios = logps - base
        own = torch.from_numpy(ratios[:, 0])
        found[who] = loss.losses(own, is_good, divergence=divergence_of(ratios[:, 1])).tolist()
    rewards = judged_scores(loss.beta * (tuned - base)[:, 0], answers.is_good)
    return JudgedSplit(name=name, base_loss=tuple(found["base"]), tuned_loss=tuple(found["tuned"]), rewards=rewards)


def _judge_pairs(
    name: str, answers: Pairs, base: NDArray[np.float64], tuned: NDArray[np.float64], judgement: Judgement
) -> JudgedSplit:
    loss = loss_for(judgement.mode, judgement.settings)
    reference, num_tokens = torch.from_numpy(base), torch.from_numpy(answers.num_labels)
    of_base = Logps(reference, reference, num_tokens)
    of_tuned = Logps(torch.from_numpy(tuned), reference, num_tokens)
    return JudgedSplit(
        name=name,
        base_loss=tuple(loss.losses(of_base).tolist()),
        tuned_loss=tuple(loss.losses(of_tuned).tolist()),
        rewards=pair_scores(loss.rewards(of_tuned).numpy(), loss.rewards(of_base).numpy()),
        base_margins=_margins(base, answers),
        tuned_margins=_margins(tuned, answers),
    )


def _margins(logps: NDArray[np.float64], answers: Pairs) -> tuple[float, ...]:
    """Return by how much each better answer is likelier, per token, so that its length does not decide."""
    per_token = logps / np.maximum(answers.num_labels, 1)
    return tuple((per_token[:, 0] - per_token[:, 1]).tolist())
