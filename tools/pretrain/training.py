"""The training loop: bf16 forward and backward, fp32 master weights, resumable after any kill."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pretrain.gradients import GradientPool, lay_over
from pretrain.llama import Llama
from pretrain.optimisers import build_optimisers, set_rate
from pretrain.schedule import Schedule
from pretrain.settings import RunSettings

COOL_DOWN_FILE = "cool-down"
CHECKPOINT_FILE = "checkpoint.pt"
LOG_FILE = "training.jsonl"
_NUM_HELD_OUT_MICRO_BATCHES = 16
_HELD_OUT_EVERY = 200


@dataclass
class _Progress:
    """What a resumed run has to know besides weights and optimiser state."""

    step: int = 0
    num_tokens: int = 0
    wall_seconds: float = 0.0


class Run:
    """One run in a work folder that holds its log, checkpoint and control file."""

    def __init__(
        self, folder: Path, streams_folder: Path, settings: RunSettings, *, num_workers: int, device: torch.device
    ) -> None:
        """Build model, optimisers and data order, and load the folder's checkpoint if there is one."""
        self.folder = folder
        self.settings = settings
        self.device = device
        self.schedule = Schedule(settings.warmup_steps, settings.decay_start, settings.decay_steps)
        drawn = Llama(settings.shape)
        drawn.initialise(generator=torch.Generator().manual_seed(settings.seed))
        self.weights = torch.cat([weight.detach().flatten() for weight in drawn.parameters()]).to(device)
        self.master = lay_over(drawn, self.weights)
        self.optimisers = build_optimisers(
            dict(self.master.named_parameters()),
            name=settings.optimiser,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self.progress = _Progress()
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / CHECKPOINT_FILE).exists():
            self._load()
        self.pool = GradientPool(settings, streams_folder, num_workers=num_workers, device=device)

    def train(self, *, log_every: int, checkpoint_every: int) -> None:
        """Train to the schedule's last step; checkpoints on the way and at the end."""
        started = time.monotonic() - self.progress.wall_seconds
        losses: list[float] = []
        while self.progress.step < self.schedule.total_steps:
            self._look_for_cool_down()
            losses.append(self._step())
            self.progress.wall_seconds = time.monotonic() - started
            if self.progress.step % log_every == 0:
                self._log(sum(losses) / len(losses))
                losses = []
            if self.progress.step % checkpoint_every == 0:
                self._save()
        self._save()

    def _step(self) -> float:
        """Do one optimiser step and return its loss in nats per token."""
        gradient, loss = self.pool.step(self.weights, step=self.progress.step, length=self._length())
        gradient *= min(1.0, self.settings.gradient_clip / (float(gradient.norm()) + 1e-6))
        sizes = [weight.numel() for weight in self.master.parameters()]
        for weight, part in zip(self.master.parameters(), gradient.split(sizes), strict=True):
            weight.grad = part.view(weight.shape)
        set_rate(self.optimisers, factor=self.schedule.factor(self.progress.step))
        for optimiser in self.optimisers:
            optimiser.step()
        self.progress.step += 1
        self.progress.num_tokens += self.settings.tokens_per_step
        return loss

    def _length(self) -> int:
        """Return the sequence length: the long one once the rate has fallen to half."""
        is_early = self.schedule.factor(self.progress.step) > 0.5 or self.progress.step < self.settings.warmup_steps
        return self.settings.stable_length if is_early else self.settings.decay_length

    def _look_for_cool_down(self) -> None:
        """Decay to zero in as many steps as the control file says, if it is there; a later file changes the number."""
        path = self.folder / COOL_DOWN_FILE
        if not path.exists():
            return
        self.schedule = self.schedule.ending_in(int(path.read_text(encoding="utf-8")), step=self.progress.step)
        self._save()
        path.unlink()

    def _log(self, loss: float) -> None:
        record = {
            "step": self.progress.step,
            "loss": round(loss, 4),
            "rate_factor": round(self.schedule.factor(self.progress.step - 1), 4),
            "num_tokens": self.progress.num_tokens,
            "wall_seconds": round(self.progress.wall_seconds, 1),
            "tokens_per_second": round(self.progress.num_tokens / self.progress.wall_seconds),
        }
        if self.progress.step % _HELD_OUT_EVERY == 0:
            held_out_loss = self.pool.held_out_loss(
                self.weights, length=self._length(), num_micro_batches=_NUM_HELD_OUT_MICRO_BATCHES
            )
            record["held_out_loss"] = round(held_out_loss, 4)
        line = json.dumps(record)
        with (self.folder / LOG_FILE).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        print(line, flush=True)

    def _save(self) -> None:
        """Write the checkpoint under a temporary name, flush it to disk, rename it."""
        state: dict[str, Any] = {
            "weights": {name: weight.detach() for name, weight in self.master.named_parameters()},
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "progress": vars(self.progress).copy(),
            "schedule": vars(self.schedule).copy(),
            "settings": self.settings.as_dict(),
            "torch_rng": torch.get_rng_state(),
        }
        temporary = self.folder / f"{CHECKPOINT_FILE}.new"
        with temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.folder / CHECKPOINT_FILE)

    @torch.no_grad()
    def _load(self) -> None:
        """Continue from the checkpoint.

        Raises:
            ValueError: if it was made with other settings.
        """
        state = torch.load(self.folder / CHECKPOINT_FILE, map_location=self.device, weights_only=True)
        if state["settings"] != self.settings.as_dict():
            raise ValueError(f"the checkpoint in {self.folder} was made with other settings: {state['settings']}")
        for name, weight in self.master.named_parameters():
            weight.copy_(state["weights"][name])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.progress = _Progress(**state["progress"])
        self.schedule = Schedule(**state["schedule"])
        torch.set_rng_state(state["torch_rng"].cpu())
