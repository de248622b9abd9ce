"""The training loop: reads from top to bottom."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from brewslm.core.value import sha256_of
from brewslm.core.wire.attempt import MicroBatch
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.progress import EarlyEnd, EndedRecord, NoticeRecord, StartedRecord
from brewslm.core.wire.result import TrainResult
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER
from brewslm.worker.failure import NotFiniteError, OutOfMemoryError, is_out_of_memory
from brewslm.worker.models import vocab_size_of
from brewslm.worker.processes import join
from brewslm.worker.run import Run
from brewslm.worker.scoring import trained_in_lockstep
from brewslm.worker.shard import open_shard
from brewslm.worker.sharding.weights import is_sharded, whole
from brewslm.worker.train.adjusting import adjusted, read_adjustments
from brewslm.worker.train.baseline import base_losses
from brewslm.worker.train.batch_baseline import BATCH_BASELINE_FILE, BatchBaseline, SideBySide, score_up_front
from brewslm.worker.train.batches import Curriculum
from brewslm.worker.train.checkpoints.keeping import result_of, step_back
from brewslm.worker.train.checkpoints.restoring import resume
from brewslm.worker.train.checkpoints.snapshot import take_snapshot
from brewslm.worker.train.checkpoints.writer import CheckpointWriter
from brewslm.worker.train.ending import early_end
from brewslm.worker.train.leaks import refuse_leaks
from brewslm.worker.train.objectives.choice import objective_of
from brewslm.worker.train.objectives.objective import Batch, with_units
from brewslm.worker.train.pulse import PULSE
from brewslm.worker.train.recorder import (
    StepOutcome,
    add_pass,
    add_step,
    pass_rates,
    peak_memory_bytes,
    write_eval,
    write_log,
)
from brewslm.worker.train.schedule import learning_rate_at
from brewslm.worker.train.state import TrainState, fingerprint_of, seed_step
from brewslm.worker.train.trainee import new_trainee, set_training, untuned


def train(order: TrainOrder, run: Run) -> TrainResult | None:
    """Train as the recipe says, continuing from the newest whole checkpoint.

    Returns:
        The outcome; None in a process that only helped the first.

    Raises:
        BadOrderError: the recipe cannot be honoured.
        BadDataError: a split is damaged, or a checkpoint is of other data.
        NotFiniteError: a loss, a gradient, a weight or a moment stopped being a number.
        SupersededError: a newer attempt has begun.
    """
    run = replace(run, processes=join())
    if run.processes.is_first:
        PULSE.open(run.folder)
    keep = adjusted(order, read_adjustments(run.folder)).recipe.monitor.keep_checkpoints
    with CheckpointWriter(run, keep=keep) as writer:
        return _Training(order, run, writer).run()


class _Training:
    """One attempt. Everything that a resume needs is in `self.state`, the trainee and the random sources."""

    def __init__(self, order: TrainOrder, run: Run, writer: CheckpointWriter) -> None:
        self.fingerprint = fingerprint_of(order)
        self.adjustments = read_adjustments(run.folder)
        order = adjusted(order, self.adjustments)
        self.order, self.job, self.recipe = order, run, order.recipe
        self.writer, self.processes = writer, run.processes
        self.began_at = time.monotonic()
        self.checkpoints = run.folder / CHECKPOINTS_FOLDER
        self.trainee = new_trainee(order, run.processes)
        self.model = self.trainee.model
        vocab_size = vocab_size_of(self.model)
        train_split = open_shard(Path(order.train_folder), vocab_size=vocab_size)
        eval_split = open_shard(Path(order.eval_folder), vocab_size=vocab_size)
        refuse_leaks(self.model, train_split)
        self.objective = objective_of(order, run, self.model, train_split, eval_split)
        self.curriculum = Curriculum(self.objective.lengths, self.recipe.data, seed=self.recipe.seed)
        self.total_steps = self.curriculum.total_steps
        self.state = TrainState()

    def run(self) -> TrainResult | None:
        monitor = self.recipe.monitor
        self._resume()
        self._announce()
        self.base_losses = base_losses(self.objective, self._untuned, order=self.order, run=self.job)
        self.batch_baseline = self._new_batch_baseline()

        end = self._early_end()
        is_cancelled = False
        while self.state.step < self.total_steps and not is_cancelled and end is None:
            PULSE.enter("training")
            step = self.state.step + 1
            is_last = step == self.total_steps
            if step in self.adjustments.skipped_steps:
                self._pass_over(step)
            else:
                batches = self._batches(step)
                outcome = self._optimise(step, batches)
                self.state = add_step(self.state, outcome)
                if not (math.isfinite(outcome.loss_sum) and math.isfinite(outcome.grad_norm)):
                    self._log(outcome, batches)
                    raise NotFiniteError(f"Loss or gradient of step {step} is not finite.", step=step)
                if is_last or step % monitor.log_every == 0:
                    self._log(outcome, batches)
            end = self._early_end()
            is_cancelled, request = self._requests()
            if is_last or end or step % monitor.eval_every == 0 or (is_cancelled and not self.state.evaluated):
                self._evaluate()
                end = end or self._early_end()
            if is_last or end or is_cancelled or request is not None or self._is_checkpoint_due(step):
                self._save(pinned_for=request)
            self.writer.report()
        is_whole = self.state.step == self.total_steps
        return self._finish(None if is_whole else end, is_cancelled=is_cancelled and not is_whole and end is None)

    def _resume(self) -> None:
        """Continue from the newest whole checkpoint, if there is one."""
        if self.processes.is_first and self.adjustments.step_back_in == self.job.attempt:
            line = step_back(self.checkpoints, self.job.disk)
            if line is not None:
                self._notice(line)
        with self.processes.first_then_others():
            state, stepped_over = resume(
                self.checkpoints, self.trainee, fingerprint=self.fingerprint, disk=self.job.disk
            )
        for line in stepped_over:
            self._notice(line)
        if state is not None:
            self.state = state
            self.objective.weights_changed()

    def _announce(self) -> None:
        parameters = list(self.model.parameters())
        self.job.journal.append(
            StartedRecord(
                **self.job.journal.stamp(),
                device=str(parameters[0].device),
                num_parameters=sum(w.numel() for w in parameters if not (self.recipe.has_adapter and w.requires_grad)),
                num_trained_parameters=sum(w.numel() for w in parameters if w.requires_grad),
                total_steps=self.total_steps,
                resumed_from_step=self.state.step or None,
            )
        )
        warmup_steps = self.recipe.schedule.warmup_steps
        if warmup_steps > self.total_steps // 2 and not self.state.step:
            shorter = self.total_steps // 2
            self._notice(f"Warm-up is {shorter} steps, not {warmup_steps}: the run has only {self.total_steps} steps.")

    def _batches(self, step: int) -> list[Batch]:
        return [self.objective.pack(indices) for indices in self.curriculum.micro_batches(step, self.processes)]

    def _optimise(self, step: int, batches: list[Batch]) -> StepOutcome:
        """Make one optimiser step; the loss is the mean over the units of all micro-batches of all processes."""
        began_at = time.monotonic()
        num_units, num_tokens, num_examples = self._sizes(batches)
        learning_rate = learning_rate_at(
            step, peak=self.recipe.optim.learning_rate, settings=self.recipe.schedule, total_steps=self.total_steps
        )
        seed_step(self.recipe.seed, step, self.processes.rank)
        self.objective.prepare_step(batches)
        passes = trained_in_lockstep(self.model, with_units(batches), self.processes)
        mine = sum(self._add_gradients(step, batch, scale=1 / max(1, num_units)) for batch in passes)
        (loss_sum,) = self.processes.total(mine)
        weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        if not is_sharded(self.model):
            self.processes.add_up_gradients(weights)
        grad_norm = whole(torch.nn.utils.clip_grad_norm_(weights, self.recipe.optim.max_grad_norm)).item()
        for group in self.trainee.optimizer.param_groups:
            group["lr"] = learning_rate
        self.trainee.optimizer.step()
        self.trainee.optimizer.zero_grad(set_to_none=True)
        self.objective.weights_changed()
        return StepOutcome(
            loss_sum=loss_sum,
            num_units=num_units,
            num_tokens=num_tokens,
            num_examples=num_examples,
            grad_norm=grad_norm,
            learning_rate=learning_rate,
            seconds=time.monotonic() - began_at,
        )

    def _add_gradients(self, step: int, batch: Batch, *, scale: float) -> float:
        PULSE.beat()
        began_at = time.monotonic()
        try:
            loss_sum = self.objective.add_gradients(batch, scale=scale)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            held = MicroBatch(num_tokens=batch.num_tokens, num_examples=batch.num_examples)
            what = f"Memory ran out in step {step}, with {held.num_tokens:,} tokens in the model at once."
            message = f"{what} Lower data.micro_batch_tokens or data.batch_size."
            raise OutOfMemoryError(message, step=step, micro_batch=held) from error
        self.state = add_pass(self.state, batch, time.monotonic() - began_at)
        return loss_sum

    def _pass_over(self, step: int) -> None:
        """Leave a step out: the next one sees the examples that it would have seen anyway."""
        self.state = self.state.model_copy(update={"step": step})
        self._notice(f"Step {step} was passed over: its numbers were not finite before.")

    def _sizes(self, batches: list[Batch]) -> tuple[int, int, int]:
        """Return units, tokens and examples of a step, over all processes."""
        sizes = [(batch.num_units, batch.num_tokens, batch.num_examples) for batch in batches]
        units, tokens, examples = self.processes.total(*(np.array(sizes or [(0, 0, 0)]).sum(axis=0)))
        return int(units), int(tokens), int(examples)

    def _log(self, outcome: StepOutcome, batches: list[Batch]) -> None:
        baseline_loss = self.batch_baseline.loss_of(
            self.state.step,
            batches,
            num_units=outcome.num_units,
            training_seconds=self.state.training_seconds,
        )
        self.state = write_log(
            self.job.journal,
            self.state.model_copy(update={"baseline_seconds": self.batch_baseline.seconds_spent}),
            outcome,
            total_steps=self.total_steps,
            epoch=self.curriculum.epoch(self.state.step),
            baseline_loss=baseline_loss,
        )

    def _new_batch_baseline(self) -> BatchBaseline:
        if self.recipe.has_adapter:
            spent = self.state.baseline_seconds
            return SideBySide(self.model, self.objective, self._untuned, self.processes, seconds_spent=spent)
        return score_up_front(
            self.model,
            self.objective,
            self._untuned,
            self.curriculum,
            self.processes,
            path=self.job.folder / BATCH_BASELINE_FILE,
            log_every=self.recipe.monitor.log_every,
            run_id=sha256_of(self.fingerprint.model_dump()),
        )

    @contextmanager
    def _untuned(self) -> Iterator[None]:
        """Make of the model the base for a while, which a whole model still is before the first step."""
        is_exchanged = not self.recipe.has_adapter and self.state.step > 0
        with untuned(self.model, self.order.base_model) if self.recipe.has_adapter or is_exchanged else nullcontext():
            if is_exchanged:
                self.objective.weights_changed()
            yield
        if is_exchanged:
            self.objective.weights_changed()

    def _early_end(self) -> tuple[EarlyEnd, str] | None:
        """Return what ends the run here, before its last step; the first process's clock counts for all."""
        (seconds,) = self.processes.total(self._seconds() if self.processes.is_first else 0.0)
        return early_end(self.recipe, self.state, seconds=seconds)

    def _evaluate(self) -> None:
        PULSE.enter("evaluating")
        set_training(self.model, is_training=False)
        scores = self.objective.eval_scores()
        set_training(self.model, is_training=True)
        self.state = write_eval(
            self.job.journal,
            self.state,
            base=self.base_losses,
            scores=scores,
            num_units=self.objective.eval_units,
        )
        if self.state.step not in self.state.evaluated:
            message = f"The loss on the eval split after step {self.state.step} is not finite."
            raise NotFiniteError(message, step=self.state.step)

    def _requests(self) -> tuple[bool, str | None]:
        """Return whether somebody asks to stop, and why for a checkpoint; the first process looks for all."""
        is_first = self.processes.is_first
        request = self.job.takes_checkpoint_request() if is_first else None
        is_cancelled, is_asked = self.processes.any(is_first and self.job.is_cancelled(), request is not None)
        return is_cancelled, (request or "") if is_asked else None

    def _is_checkpoint_due(self, step: int) -> bool:
        """Whether it is time for a checkpoint, or this would be the best so far."""
        evaluated = self.state.evaluated
        is_best = step in evaluated and evaluated[step] <= min(evaluated.values())
        return is_best or step % self.recipe.monitor.checkpoint_every == 0

    def _save(self, *, pinned_for: str | None) -> None:
        """Begin to write a checkpoint; the one before is waited for."""
        PULSE.enter("saving")
        if not self.processes.is_first:
            self.trainee.help_copying()
            return
        self._count_time()
        self.writer.submit(
            lambda: take_snapshot(self.trainee, self.state, fingerprint=self.fingerprint, pinned_for=pinned_for)
        )

    def _finish(self, end: tuple[EarlyEnd, str] | None, *, is_cancelled: bool) -> TrainResult | None:
        if end is not None:
            stamp, (name, why) = self.job.journal.stamp(), end
            ended = EndedRecord(**stamp, step=self.state.step, total_steps=self.total_steps, end=name, why=why)
            self.job.journal.append(ended)
        self.writer.wait()
        best = result_of(self.checkpoints) if self.processes.is_first else None
        if self.processes.any(best is not None and best.eval_loss is None)[0]:
            self._evaluate()
        if best is None:
            return None
        self._count_time()
        num_units = int(self.objective.eval_units.sum())
        low, high = self.state.intervals.get(best.step, (None, None))
        return TrainResult(
            status="cancelled" if is_cancelled else "completed",
            end="cancel" if is_cancelled else end[0] if end is not None else "total_steps",
            why="" if end is None else end[1],
            checkpoint=f"{CHECKPOINTS_FOLDER}/{best.folder.name}",
            step=best.step,
            last_step=self.state.step,
            total_steps=self.total_steps,
            base_eval_loss=float(self.base_losses.sum() / num_units),
            eval_loss=self.state.evaluated[best.step] if best.eval_loss is None else best.eval_loss,
            delta_low=low,
            delta_high=high,
            rewards=self.state.rewards.get(best.step),
            final_train_loss=self.state.last_loss,
            last_pair=self.state.last_pair,
            training_seconds=self.state.seconds,
            step_seconds=self.state.training_seconds,
            passes=pass_rates(self.state),
            num_attempts=self.job.attempt,
            num_tokens_seen=self.state.num_tokens_seen,
            peak_memory_bytes=peak_memory_bytes(),
        )

    def _seconds(self) -> float:
        """Return the wall time of this and earlier attempts."""
        return self.state.seconds + time.monotonic() - self.began_at

    def _count_time(self) -> None:
        now = time.monotonic()
        self.state = self.state.model_copy(update={"seconds": self.state.seconds + now - self.began_at})
        self.began_at = now

    def _notice(self, message: str) -> None:
        self.job.journal.append(NoticeRecord(**self.job.journal.stamp(), message=message))
