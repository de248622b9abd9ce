"""Scores base and tuned on the same rows: losses, labels, answers.

The base is the tuned model with its adapter off, or, where the whole model was tuned, a second model.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from brewslm.core.wire.order import AskedRows, EvaluateOrder, Judgement, LabelledRows
from brewslm.core.wire.progress import StartedRecord
from brewslm.core.wire.result import AskedAnswers, EvaluateResult, JudgedSplit, ScoredLabels, ScoredSplit, TextLosses
from brewslm.worker.answers.chat import Chat, make_chat
from brewslm.worker.answers.generation import answer_all
from brewslm.worker.evaluate.judging import SIDES, Who, judge, open_answers
from brewslm.worker.evaluate.labels import likeliest_labels
from brewslm.worker.evaluate.texts import text_losses
from brewslm.worker.evaluate.trie import trie_of
from brewslm.worker.failure import BadOrderError
from brewslm.worker.models import AnyModel, device_here, load_model, load_tokenizer, load_tuned, vocab_size_of
from brewslm.worker.run import Run
from brewslm.worker.scoring import example_losses
from brewslm.worker.shard import open_shard

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def evaluate(order: EvaluateOrder, run: Run) -> EvaluateResult:
    """Do everything that the order asks for, base and tuned.

    Raises:
        BadOrderError: base and adapter do not go together, or labels cannot be scored.
        BadDataError: a split is damaged.
    """
    if len(order.prompt_tools) not in {0, len(order.prompts)}:
        raise BadOrderError(f"There are {len(order.prompts)} prompts, but tools for {len(order.prompt_tools)}.")
    tuned = load_tuned(order.base_model, Path(order.tuned_folder), order.tuned_form)
    base = None if order.tuned_form == "adapter" else load_model(order.base_model, precision="float32")
    chat = make_chat(load_tokenizer(order.base_model), tuned.generation_config)
    run.journal.append(StartedRecord(**run.journal.stamp(), device=str(device_here())))
    pair = _Pair(tuned, base, chat, run, num_parts=2 * _num_parts(order))
    scored = [pair.score(name, Path(folder), order.judgement) for name, folder in order.splits.items()]
    labelled = tuple(pair.label(rows, order.allowed_labels) for rows in order.labelled)
    sides = AskedRows(
        name="prompts", prompts=order.prompts, tools=order.prompt_tools, max_new_tokens=order.max_new_tokens
    )
    side_by_side = pair.answer(sides) if order.prompts else None
    return EvaluateResult(
        splits=tuple(split for split, _ in scored),
        judged=tuple(judged for _, judged in scored if judged is not None),
        labelled=labelled,
        base_answers=() if side_by_side is None else side_by_side.base,
        tuned_answers=() if side_by_side is None else side_by_side.tuned,
        asked=tuple(pair.answer(rows) for rows in order.asked),
        texts=pair.read(order.texts) if order.texts else None,
    )


def _num_parts(order: EvaluateOrder) -> int:
    return len(order.splits) + len(order.labelled) + bool(order.prompts) + len(order.asked) + bool(order.texts)


@dataclass(slots=True)
class _Pair:
    """Base and tuned."""

    tuned: AnyModel
    base: "PreTrainedModel | None"
    """None where it is the tuned model with its adapter off."""
    chat: Chat
    run: Run
    num_parts: int
    num_done: int = 0

    def score(self, name: str, folder: Path, judgement: Judgement | None) -> tuple[ScoredSplit, JudgedSplit | None]:
        """Score a split; where answers are judged, both of each row, of which the first is the split's example."""
        vocab_size = vocab_size_of(self.tuned)
        shard = open_shard(folder, vocab_size=vocab_size)
        answers = None if judgement is None else open_answers(folder, judgement, vocab_size=vocab_size)
        losses: dict[Who, NDArray[np.float64]] = {}
        for who in SIDES:
            with self._as(who) as model:
                teller = self._teller(f"losses of {name}, {who}")
                losses[who] = example_losses(model, answers or shard, on_batch=teller)
            self.num_done += 1
        step = 1 if answers is None else 2
        scored = ScoredSplit(
            name=name,
            num_tokens=tuple(shard.num_trained.tolist()),
            base_loss=tuple(losses["base"][::step].tolist()),
            tuned_loss=tuple(losses["tuned"][::step].tolist()),
        )
        return scored, None if judgement is None or answers is None else judge(name, answers, losses, judgement)

    def label(self, rows: LabelledRows, allowed: tuple[str, ...]) -> ScoredLabels:
        if not allowed or not rows.prompts:
            raise BadOrderError(f"The rows {rows.name!r} cannot be labelled: there are no allowed labels, or no rows.")
        trie = trie_of([self.chat.answer_ids(rows.prompts[0], label) for label in allowed])
        prompts = [self.chat.prompt_ids(messages) for messages in rows.prompts]
        found, scores = {}, {}
        for who in SIDES:
            with self._as(who) as model:
                teller = self._teller(f"labels of {rows.name}, {who}")
                numbers, likelihoods = likeliest_labels(model, prompts, trie, on_batch=teller)
            found[who], scores[who] = tuple(allowed[number] for number in numbers), tuple(likelihoods.tolist())
            self.num_done += 1
        return ScoredLabels(
            name=rows.name,
            base=found["base"],
            tuned=found["tuned"],
            base_log_likelihood=scores["base"],
            tuned_log_likelihood=scores["tuned"],
        )

    def answer(self, rows: AskedRows) -> AskedAnswers:
        answers = {}
        for who in SIDES:
            with self._as(who) as model:
                answers[who] = answer_all(
                    model,
                    self.chat,
                    rows.prompts,
                    max_new_tokens=rows.max_new_tokens,
                    tools=rows.tools,
                    on_answer=self._teller(f"answers to {rows.name}, {who}"),
                )
            self.num_done += 1
        return AskedAnswers(name=rows.name, base=answers["base"], tuned=answers["tuned"])

    def read(self, texts: tuple[str, ...]) -> TextLosses:
        losses: dict[Who, tuple[float, ...]] = {}
        for who in SIDES:
            with self._as(who) as model:
                losses[who] = text_losses(model, self.chat.tokenizer, texts, on_text=self._teller(f"texts, {who}"))
            self.num_done += 1
        return TextLosses(base=losses["base"], tuned=losses["tuned"])

    @contextmanager
    def _as(self, who: str) -> Iterator[AnyModel]:
        if who == "tuned":
            yield self.tuned
        elif self.base is not None:
            yield self.base
        else:
            with cast("PeftModel", self.tuned).disable_adapter():
                yield self.tuned

    def _teller(self, message: str) -> "_Teller":
        return _Teller(self, message)


@dataclass(slots=True)
class _Teller:
    """Turns the share of one part into the share of the whole, a record for each twentieth of a part."""

    pair: _Pair
    message: str
    told: float = -1.0

    def __call__(self, share: float) -> None:
        if share < 1.0 and share < self.told + 0.05:
            return
        self.told = share
        self.pair.run.progress((self.pair.num_done + share) / self.pair.num_parts, self.message)
