"""What a judge makes of the answers of an evaluation. Where it cannot be asked, nothing of it counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.context import StageContext
from brewslm.core.errors import AdvisorError, CancelledError
from brewslm.core.evaluation.judge import Agreement, AnswerJudge, AnswerPair, JudgeReport, JudgeSettings, LabelledPair
from brewslm.core.evaluation.pack import EvalPack, EvalTask
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import JudgeUnavailable
from brewslm.core.events.reasons import Reason
from brewslm.core.wire.result import EvaluateResult
from brewslm.stages.evaluate.evidence import chosen_rows
from brewslm.stages.evaluate.judge.agreement import agreement_of, standing_of
from brewslm.stages.evaluate.judge.asking import Settled, settle_all
from brewslm.stages.evaluate.rows import prompt_of, spelled, split_rows

Verdicts = Mapping[str, Mapping[int, float]]
"""By task and place of the row: 1 where the tuned model won, 0 where it lost, one half for a tie."""

MAX_UNREADABLE = 0.05
"""Of the pairs that were asked about. A judge that more often gives no verdict is none."""
_SCORES = {"first": 0.0, "second": 1.0, "tie": 0.5}
"""The base is shown first."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a judge said."""

    report: JudgeReport | None = None
    verdicts: Verdicts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Case:
    """A row before the judge."""

    task: str
    place: int
    pair: AnswerPair


def ask_judge(
    pack: EvalPack,
    result: EvaluateResult,
    manifest: Manifest,
    labels: Sequence[LabelledPair],
    context: StageContext,
) -> Word:
    """Ask the judge of a pack about labelled pairs and about answered rows; nothing where it names none.

    A judge that cannot be asked, or gives no verdicts, is told by an event, and no verdict of it counts.
    """
    settings = pack.judge
    if settings is None:
        return Word()
    judge: AnswerJudge | None = None
    try:
        judge = context.open_judge(settings)
        cases = _within(settings, len(labels), _cases(pack, result, manifest, context))
        return _word(settings, judge, cases, labels, context)
    except AdvisorError as error:
        num_calls = 0 if judge is None else judge.num_calls
        return Word(_unavailable(settings, str(error), num_calls, context))


def _word(
    settings: JudgeSettings,
    judge: AnswerJudge,
    cases: Sequence[_Case],
    labels: Sequence[LabelledPair],
    context: StageContext,
) -> Word:
    pairs = [*labels, *(case.pair for case in cases)]
    told = _Telling(context, len(pairs))
    settled = settle_all(judge, pairs, parallel=settings.parallel, on_settled=told)
    num_unreadable = sum(not one.is_readable for one in settled)
    if num_unreadable > MAX_UNREADABLE * len(settled):
        message = f"The judge {settings.model!r} gave no verdict on {num_unreadable} of {len(settled)} pairs."
        raise AdvisorError(f"{message} Take a model that answers with a JSON object.")
    on_labels, on_rows = settled[: len(labels)], settled[len(labels) :]
    agreement: Agreement | None = None
    if labels:
        said, human = [one.verdict for one in on_labels], [one.human for one in labels]
        agreement = agreement_of(said, human, seed=context.project.seed)
    may_gate, standing = standing_of(agreement, settings.min_kappa)
    verdicts: dict[str, dict[int, float]] = {}
    for case, one in zip(cases, on_rows, strict=True):
        verdicts.setdefault(case.task, {})[case.place] = _SCORES[one.verdict]
    return Word(_report(settings, judge, on_rows, agreement, (may_gate, standing)), verdicts)


def _report(
    settings: JudgeSettings,
    judge: AnswerJudge,
    settled: Sequence[Settled],
    agreement: Agreement | None,
    standing: tuple[bool, str],
) -> JudgeReport:
    counts = {word: sum(one.verdict == word for one in settled) for word in _SCORES}
    return JudgeReport(
        url=settings.url,
        model=settings.model,
        num_calls=judge.num_calls,
        num_rows=len(settled),
        wins=counts["second"],
        ties=counts["tie"],
        losses=counts["first"],
        num_inconsistent=sum(not one.is_consistent for one in settled),
        num_unreadable=sum(not one.is_readable for one in settled),
        agreement=agreement,
        may_gate=standing[0],
        standing=standing[1],
    )


def _unavailable(settings: JudgeSettings, problem: str, num_calls: int, context: StageContext) -> JudgeReport:
    payload = JudgeUnavailable(url=settings.url, model=settings.model, problem=problem, num_calls=num_calls)
    summary = f"The judge gave no verdict, so no gate on it is met. {problem}"
    context.emit(Draft(Reason.EVALUATION_JUDGE_UNAVAILABLE, summary, payload))
    return JudgeReport(
        url=settings.url,
        model=settings.model,
        num_calls=num_calls,
        standing="The judge gave no verdict, so it gates nothing.",
        problem=problem,
    )


def _cases(pack: EvalPack, result: EvaluateResult, manifest: Manifest, context: StageContext) -> list[list[_Case]]:
    """Return the answered rows of each task that is judged."""
    tasks = [task for task in pack.tasks if "judge_score" in task.metrics]
    return [_answered(task, result, manifest, context) for task in tasks]


def _answered(task: EvalTask, result: EvaluateResult, manifest: Manifest, context: StageContext) -> list[_Case]:
    asked = next((one for one in result.asked if one.name == task.id), None)
    if asked is None:
        return []
    chosen = chosen_rows(task, list(split_rows(manifest, task.rows, context)), manifest)
    found = []
    for (place, row), base, tuned in zip(chosen, asked.base, asked.tuned, strict=True):
        said = row.chosen[-1:] if manifest.shape == "preference" else row.messages[-1:]
        pair = AnswerPair(
            prompt=spelled(prompt_of(row, manifest)),
            expected=said[0].content if said else "",
            first=base.text,
            second=tuned.text,
        )
        found.append(_Case(task.id, place, pair))
    return found


def _within(settings: JudgeSettings, num_labels: int, tasks: Sequence[Sequence[_Case]]) -> list[_Case]:
    """Keep as many rows of each task as may be asked about, evenly spread."""
    left = settings.max_calls // 2 - num_labels
    allowed = min(settings.rows, left // max(len(tasks), 1))
    return list(chain.from_iterable(_spread(cases, allowed) for cases in tasks))


def _spread(cases: Sequence[_Case], count: int) -> list[_Case]:
    count = min(count, len(cases))
    return [cases[number * len(cases) // count] for number in range(count)]


@dataclass(slots=True)
class _Telling:
    """Says how far the judge is, and stops where somebody cancels."""

    context: StageContext
    num_pairs: int
    num_done: int = 0

    def __call__(self) -> None:
        if self.context.is_cancelled():
            raise CancelledError("The evaluation was cancelled while its answers were judged.")
        self.num_done += 1
        self.context.progress(self.num_done / self.num_pairs, f"judged {self.num_done} of {self.num_pairs} pairs")
