"""The losses of DPO, IPO, ORPO and KTO and their gradients, against the papers' formulas on whole, unpacked logits."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import PeftModel
from torch import Tensor

from brewslm.core.recipe.preference import PreferenceSettings
from brewslm.core.wire.order import TrainOrder
from brewslm.worker.models import unpacked
from brewslm.worker.shard import Shard, open_shard
from brewslm.worker.train.objectives.answers import open_judged
from brewslm.worker.train.objectives.choice import objective_of
from brewslm.worker.train.objectives.feedback import FeedbackObjective
from brewslm.worker.train.objectives.objective import Objective
from brewslm.worker.train.objectives.preference import DpoLoss, Logps, OrpoLoss
from brewslm.worker.train.trainee import new_trainee
from tests.worker.judged import write_judged, write_pairs
from tests.worker.tiny import VOCAB_SIZE, Scene

BETA = 0.3
SETTINGS = {
    "dpo": {"beta": BETA},
    "smoothed dpo": {"beta": BETA, "label_smoothing": 0.2},
    "ipo": {"beta": BETA, "loss": "ipo"},
    "orpo": {"orpo_lambda": 0.5},
    "kto": {"beta": BETA, "desirable_weight": 1.5, "undesirable_weight": 0.7},
}
MODES = {"smoothed dpo": "dpo", "ipo": "dpo"}


@pytest.fixture
def pairs(base: Path, tmp_path: Path) -> Scene:
    train = write_pairs(tmp_path / "train", 8, seed=1)
    return Scene(base=base, train=train, eval=write_pairs(tmp_path / "eval", 5, seed=2), root=tmp_path)


@pytest.fixture
def judged(base: Path, tmp_path: Path) -> Scene:
    train = write_judged(tmp_path / "train", 8, seed=1)
    return Scene(base=base, train=train, eval=write_judged(tmp_path / "eval", 5, seed=2), root=tmp_path)


def tuned(scene: Scene, name: str) -> tuple[TrainOrder, PeftModel, Objective]:  # type: ignore[type-arg]
    """An objective, and its model after the weights have moved away from the base."""
    order = scene.order(mode=MODES.get(name, name), preference=SETTINGS[name])
    model = new_trainee(order).model
    shards = [open_shard(Path(folder), vocab_size=VOCAB_SIZE) for folder in (order.train_folder, order.eval_folder)]
    objective = objective_of(order, scene.run("run"), model, *shards)
    torch.manual_seed(3)
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data.add_(torch.randn_like(weight) * 0.2)
    return order, model, objective


def plain_logps(model: PeftModel, tokens: list[int], mask: list[int]) -> tuple[Tensor, int]:
    """One example by itself: the summed log-probability of its trained tokens from whole logits, and their number."""
    with unpacked(model):
        logits = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0]
    logps = torch.log_softmax(logits.float(), dim=-1)
    places = [place for place, is_trained in enumerate(mask) if is_trained]
    return sum((logps[place - 1, tokens[place]] for place in places), torch.zeros(())), len(places)


def of(model: PeftModel, shard: Shard, index: int, *, is_base: bool = False) -> tuple[Tensor, int]:
    tokens, mask = (part.tolist() for part in shard.example(index))
    if not is_base:
        return plain_logps(model, tokens, mask)
    with torch.no_grad(), model.disable_adapter():
        return plain_logps(model, tokens, mask)


Formula = Callable[[PeftModel, Shard, Shard, int], Tensor]


def dpo(smoothing: float) -> Formula:
    def loss(model: PeftModel, chosen: Shard, rejected: Shard, index: int) -> Tensor:
        better, worse = of(model, chosen, index)[0], of(model, rejected, index)[0]
        base_better, base_worse = (of(model, shard, index, is_base=True)[0] for shard in (chosen, rejected))
        margin = BETA * (better - base_better) - BETA * (worse - base_worse)
        right, wrong = 1 / (1 + torch.exp(-margin)), 1 / (1 + torch.exp(margin))
        return -(1 - smoothing) * torch.log(right) - smoothing * torch.log(wrong)

    return loss


def ipo(model: PeftModel, chosen: Shard, rejected: Shard, index: int) -> Tensor:
    (better, num_better), (worse, num_worse) = of(model, chosen, index), of(model, rejected, index)
    base_better, base_worse = (of(model, shard, index, is_base=True)[0] for shard in (chosen, rejected))
    height = (better - base_better) / num_better - (worse - base_worse) / num_worse
    return (height - 1 / (2 * BETA)) ** 2


def orpo(model: PeftModel, chosen: Shard, rejected: Shard, index: int) -> Tensor:
    (better, num_better), (worse, num_worse) = of(model, chosen, index), of(model, rejected, index)
    likely, unlikely = torch.exp(better / num_better), torch.exp(worse / num_worse)
    odds_ratio = (likely / (1 - likely)) / (unlikely / (1 - unlikely))
    return -better / num_better - 0.5 * torch.log(1 / (1 + 1 / odds_ratio))


FORMULAS: dict[str, Formula] = {"dpo": dpo(0.0), "smoothed dpo": dpo(0.2), "ipo": ipo, "orpo": orpo}


def gradients(model: PeftModel) -> dict[str, Tensor]:
    found = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad(set_to_none=True)
    return found


def assert_equal(packed: dict[str, Tensor], plain: dict[str, Tensor]) -> None:
    """Each within 1e-4 of the largest entry of the plain one, in float32."""
    assert packed.keys() == plain.keys()
    assert any(gradient.abs().max() > 1e-3 for gradient in plain.values())
    for name, gradient in plain.items():
        largest = float(gradient.abs().max())
        torch.testing.assert_close(packed[name], gradient, rtol=0, atol=1e-4 * largest + 1e-7)


@pytest.mark.parametrize("name", FORMULAS)
def test_loss_and_gradient_of_packed_pairs_are_those_of_the_formula(pairs: Scene, name: str) -> None:
    order, model, objective = tuned(pairs, name)
    rows = [5, 0, 3, 6]
    batch = objective.pack(rows)
    loss = objective.add_gradients(batch, scale=0.25)
    packed = gradients(model)
    folder = Path(order.train_folder)
    chosen, rejected = (open_shard(part, vocab_size=VOCAB_SIZE) for part in (folder, folder / "rejected"))
    plain = torch.stack([FORMULAS[name](model, chosen, rejected, row) for row in rows]).sum()
    (plain * 0.25).backward()
    assert loss == pytest.approx(plain.item(), rel=1e-5)
    assert objective.loss_of(batch) == pytest.approx(loss, rel=1e-6)
    assert_equal(packed, gradients(model))
    assert (batch.num_units, batch.num_examples) == (4, 4)
    assert batch.num_tokens == int(objective.lengths[rows].sum())


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_loss_and_gradient_of_judged_answers_are_those_of_the_formula(judged: Scene, sign: float) -> None:
    order, model, objective = tuned(judged, "kto")
    shard = open_shard(Path(order.train_folder), vocab_size=VOCAB_SIZE)
    rows = [5, 0, 3, 6, 1, 2]
    others = foreign_rows(judged)
    ratios = torch.stack([of(model, shard, row)[0] - of(model, shard, row, is_base=True)[0] for row in rows])
    foreign = []
    for row in rows:
        prompt, answer = split(shard, row)[0], split(shard, others[row])[1]
        example = prompt + answer, [0] * len(prompt) + [1] * len(answer)
        with torch.no_grad():
            tuned_logp = plain_logps(model, *example)[0]
            with model.disable_adapter():
                foreign.append((tuned_logp - plain_logps(model, *example)[0]).item())
    objective._reference.train[:, 1] += sign * 5.0 + float(np.mean(foreign))  # both sides of the reference point's zero
    divergence = max(0.0, -sign * 5.0)
    losses = []
    for row, ratio in zip(rows, ratios, strict=True):
        distance = BETA * (ratio - divergence)
        is_good = row % 2 == 0
        value = 1 / (1 + torch.exp(-distance if is_good else distance))
        losses.append((1.5 if is_good else 0.7) * (1 - value))
    plain = torch.stack(losses).sum()
    (plain / 6).backward()
    wanted = gradients(model)
    batches = [objective.pack(rows[:2]), objective.pack(rows[2:])]
    objective.prepare_step(batches)
    loss = sum(objective.add_gradients(batch, scale=1 / 6) for batch in batches)
    assert loss == pytest.approx(plain.item(), rel=1e-5)
    assert_equal(gradients(model), wanted)


def foreign_rows(scene: Scene) -> list[int]:
    """Which row's answer each prompt is scored with: every one once, never its own, and the same from the same seed."""
    first, second = (
        open_judged(scene.train, vocab_size=VOCAB_SIZE, max_seq_len=512, seed=42)._others.tolist() for _ in range(2)
    )
    assert first == second
    assert sorted(first) == list(range(8))
    assert all(row != other for row, other in enumerate(first))
    return first


def split(shard: Shard, row: int) -> tuple[list[int], list[int]]:
    tokens, mask = shard.example(row)
    start = int(np.argmax(mask))
    return tokens[:start].tolist(), tokens[start:].tolist()


def test_a_foreign_answer_is_cut_at_the_longest_length(judged: Scene) -> None:
    answers = open_judged(judged.train, vocab_size=VOCAB_SIZE, max_seq_len=8, seed=42)
    lengths = [len(answers.example(index)[0]) for index in range(len(answers))]
    assert lengths == answers.lengths.tolist()
    assert max(lengths[1::2]) == 8 < max(lengths[::2])
    assert all(answers.example(index)[1].any() for index in range(len(answers)))


@pytest.mark.parametrize(("name", "loss"), [("dpo", math.log(2)), ("ipo", 1 / (4 * BETA**2))])
def test_the_base_loses_what_the_formula_says(pairs: Scene, name: str, loss: float) -> None:
    _, model, objective = tuned(pairs, name)
    with model.disable_adapter():
        scores = objective.eval_scores()
        assert objective.loss_of(objective.pack([0, 1])) == pytest.approx(2 * loss, rel=1e-5)
    assert scores.losses == pytest.approx([loss] * 5, rel=1e-6)
    assert scores.rewards is not None
    assert (scores.rewards.accuracy, scores.rewards.margin) == (0.5, 0.0)


def test_the_base_loses_half_the_weight_of_each_answer(judged: Scene) -> None:
    _, model, objective = tuned(judged, "kto")
    with model.disable_adapter():
        assert objective.eval_scores().losses == pytest.approx([0.75, 0.35, 0.75, 0.35, 0.75], rel=1e-6)


def test_the_reference_point_is_that_of_the_whole_step(judged: Scene) -> None:
    _, _, objective = tuned(judged, "kto")
    assert isinstance(objective, FeedbackObjective)
    sums = []
    for cut in ([[0, 1, 2, 3]], [[0], [1, 2, 3]], [[0], [1], [2], [3]]):
        batches = [objective.pack(rows) for rows in cut]
        objective.prepare_step(batches)
        sums.append(sum(objective.add_gradients(batch, scale=1.0) for batch in batches))
    assert sums == pytest.approx([sums[0]] * 3, rel=1e-6)


def test_extreme_pairs_have_finite_losses_and_gradients() -> None:
    policy = torch.tensor([[0.0, -900.0], [-900.0, 0.0], [-1e-30, -1e-30]], dtype=torch.float64, requires_grad=True)
    logps = Logps(policy, torch.zeros(3, 2, dtype=torch.float64), torch.full((3, 2), 3.0))
    for loss in (DpoLoss(0.1, 0.1), OrpoLoss(0.1)):
        losses = loss.losses(logps)
        (gradient,) = torch.autograd.grad(losses.sum(), policy)
        assert torch.isfinite(losses).all()
        assert torch.isfinite(gradient).all()


def test_defaults_are_those_of_the_papers() -> None:
    settings = PreferenceSettings()
    assert (settings.beta, settings.orpo_lambda, settings.label_smoothing) == (0.1, 0.1, 0.0)
