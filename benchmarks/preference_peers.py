"""Losses and gradients of DPO, IPO, ORPO and KTO beside those of TRL: one model, one batch, float32.

TRL is no dependency of ours. In an environment of its own with `torch`, `trl`, `peft`, `safetensors`, `pyyaml` and this
source on the path, run `python -m benchmarks.preference_peers`. It prints for each loss both values, and the largest
difference of a gradient over the largest entry of TRL's.

TRL's ORPO adds the likelihood of the prompt, as a mean over the batch's tokens, where the paper and we take that of the
chosen answer: its own log-probabilities and its own odds-ratio term are compared, put together as in the paper.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model_state_dict, set_peft_model_state_dict
from transformers import AutoModelForCausalLM, AutoTokenizer

from brewslm.worker.shard import Examples, open_shard
from brewslm.worker.train.objectives.answers import open_judged, open_pairs
from brewslm.worker.train.objectives.choice import objective_of
from brewslm.worker.train.trainee import new_trainee
from tests.worker.judged import write_judged, write_pairs
from tests.worker.tiny import VOCAB_SIZE, Scene, write_base_model

ROWS = [5, 0, 3, 6, 1, 2]
LORA = {"lora_rank": 4, "lora_alpha": 8}
CASES: dict[str, dict[str, Any]] = {
    "dpo": {"mode": "dpo", "preference": {"beta": 0.3}},
    "dpo, smoothed": {"mode": "dpo", "preference": {"beta": 0.3, "label_smoothing": 0.2}},
    "ipo": {"mode": "dpo", "preference": {"beta": 0.3, "loss": "ipo"}},
    "orpo": {"mode": "orpo", "preference": {"orpo_lambda": 0.5}},
    "kto": {"mode": "kto", "preference": {"beta": 0.3, "desirable_weight": 1.5, "undesirable_weight": 0.7}},
}


def main() -> None:
    """Print a line for each loss."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        base = write_base_model(root / "base")
        for case, recipe in CASES.items():
            write = write_judged if recipe["mode"] == "kto" else write_pairs
            folder = root / case
            scene = Scene(base, write(folder / "train", 8, seed=1), write(folder / "eval", 4, seed=2), folder)
            ours, weights, gradients = _ours(scene, recipe)
            theirs, their_gradients = _theirs(scene, recipe, weights)
            apart = max(
                float((gradients[key] - gradient).abs().max() / gradient.abs().max())
                for key, gradient in their_gradients.items()
            )
            print(f"{case:14} ours {ours:.6f}  trl {theirs:.6f}  gradients apart {apart:.1e}")


def _ours(scene: Scene, recipe: dict[str, Any]) -> tuple[float, dict[str, Any], dict[str, Any]]:
    order = scene.order(lora=LORA, **recipe)
    model = new_trainee(order).model
    splits = open_shard(scene.train, vocab_size=VOCAB_SIZE), open_shard(scene.eval, vocab_size=VOCAB_SIZE)
    objective = objective_of(order, scene.run("run"), model, *splits)
    torch.manual_seed(3)
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data.add_(torch.randn_like(weight) * 0.2)
    batch = objective.pack(ROWS)
    objective.prepare_step([batch])
    loss = objective.add_gradients(batch, scale=1 / len(ROWS)) / len(ROWS)
    return loss, get_peft_model_state_dict(model), _gradients(model)


def _gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


def _theirs(scene: Scene, recipe: dict[str, Any], weights: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer
    from trl.experimental.orpo import ORPOConfig, ORPOTrainer

    mode, settings = recipe["mode"], recipe["preference"]
    common = {"output_dir": str(scene.root / "trl"), "report_to": [], "bf16": False, "use_cpu": True}
    common |= {"per_device_train_batch_size": 2, "gradient_checkpointing": False}
    text = {"prompt": ["a", "b"], "chosen": ["c", "d"], "rejected": ["e", "f"]}
    if mode == "dpo":
        given = DPOConfig(beta=settings["beta"], loss_type=[settings.get("loss", "sigmoid")], **common)
        trainer = _trainer(DPOTrainer, scene, given, text)
    elif mode == "orpo":
        trainer = _trainer(ORPOTrainer, scene, ORPOConfig(beta=settings["orpo_lambda"], **common), text)
    else:
        judged = {"prompt": ["a", "b"], "completion": ["c", "d"], "label": [True, False]}
        given = KTOConfig(**settings, train_sampling_strategy="sequential", **common)
        trainer = _trainer(KTOTrainer, scene, given, judged)
    set_peft_model_state_dict(trainer.model, weights)
    loss = _LOSSES[mode](trainer, scene, settings)
    trainer.model.zero_grad()
    loss.backward()
    return loss.item(), _gradients(trainer.model)


def _trainer(kind: Any, scene: Scene, settings: Any, rows: dict[str, Any]) -> Any:
    from datasets import Dataset

    return kind(
        model=AutoModelForCausalLM.from_pretrained(scene.base, dtype=torch.float32),
        args=settings,
        train_dataset=Dataset.from_dict(rows),
        processing_class=AutoTokenizer.from_pretrained(scene.base),
        peft_config=LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, lora_dropout=0.0, target_modules="all-linear"),
    )


def _padded(examples: Examples, indices: list[int]) -> dict[str, torch.Tensor]:
    parts = [examples.example(index) for index in indices]
    longest = max(len(tokens) for tokens, _ in parts)
    found = {"input_ids": np.full((len(parts), longest), 3), "attention_mask": np.zeros((len(parts), longest), int)}
    found["completion_mask"] = np.zeros((len(parts), longest), int)
    for row, (tokens, mask) in enumerate(parts):
        found["input_ids"][row, : len(tokens)] = tokens
        found["attention_mask"][row, : len(tokens)] = 1
        found["completion_mask"][row, : len(tokens)] = mask
    return {name: torch.from_numpy(values) for name, values in found.items()}


def _dpo(trainer: Any, scene: Scene, settings: dict[str, Any]) -> torch.Tensor:
    pairs = open_pairs(scene.train, mode="dpo", vocab_size=VOCAB_SIZE)
    batch = _padded(pairs, [2 * row for row in ROWS] + [2 * row + 1 for row in ROWS])
    loss: torch.Tensor = trainer.compute_loss(trainer.model, batch)
    smoothing = settings.get("label_smoothing", 0.0)
    if smoothing:
        # TRL's sigmoid loss knows no smoothing: it is that share of the loss of the pairs turned round.
        swapped = _padded(pairs, [2 * row + 1 for row in ROWS] + [2 * row for row in ROWS])
        loss = (1 - smoothing) * loss + smoothing * trainer.compute_loss(trainer.model, swapped)
    return loss


def _orpo(trainer: Any, scene: Scene, _settings: dict[str, Any]) -> torch.Tensor:
    pairs = open_pairs(scene.train, mode="orpo", vocab_size=VOCAB_SIZE)
    batch = {}
    for side, name in enumerate(("chosen", "rejected")):
        part = _padded(pairs, [2 * row + side for row in ROWS])
        batch[f"{name}_input_ids"] = part["input_ids"]
        batch[f"{name}_attention_mask"] = part["attention_mask"]
        batch[f"{name}_labels"] = part["input_ids"].masked_fill(part["completion_mask"] == 0, -100)
    chosen, rejected = trainer.concatenated_forward(trainer.model, batch)[:2]
    odds: torch.Tensor = trainer.odds_ratio_loss(chosen, rejected)[0]
    return -chosen.mean() - odds.mean()


def _kto(trainer: Any, scene: Scene, _settings: dict[str, Any]) -> torch.Tensor:
    judged = open_judged(scene.train, vocab_size=VOCAB_SIZE, max_seq_len=512, seed=42)
    own = _padded(judged, [2 * row for row in ROWS])
    foreign = {f"KL_{name}": part for name, part in _padded(judged, [2 * row + 1 for row in ROWS]).items()}
    label = torch.from_numpy(judged.is_good[ROWS])
    loss: torch.Tensor = trainer.compute_loss(trainer.model, {**own, **foreign, "label": label})
    return loss


_LOSSES = {"dpo": _dpo, "orpo": _orpo, "kto": _kto}


if __name__ == "__main__":
    main()
