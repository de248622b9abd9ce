"""What the probe asks of a worker, and what its answers come to."""

import math

from brewslm.core.data.example import Message
from brewslm.core.evaluation.interval import EvalVerdict
from brewslm.core.evaluation.outcome import ProbeReport
from brewslm.core.wire.order import AskedRows
from brewslm.core.wire.result import EvaluateResult
from brewslm.stages.evaluate.probe.instructions import INSTRUCTIONS
from brewslm.stages.evaluate.statistics import Paired, compare_pairs
from brewslm.stages.evaluate.tasks import comparison_of

VERSION = 1
"""Goes up with every change of texts or instructions."""
NAME = "general probe"
MAX_NEW_TOKENS = 40


def instructions_to_ask() -> AskedRows:
    """Return the instructions as prompts."""
    prompts = tuple((Message(role="user", content=one.prompt),) for one in INSTRUCTIONS)
    return AskedRows(name=NAME, prompts=prompts, max_new_tokens=MAX_NEW_TOKENS)


def probe_report(result: EvaluateResult, texts: tuple[str, ...], *, seed: int) -> ProbeReport | None:
    """Compare what both models made of the probe; None where it was not asked."""
    asked = next((one for one in result.asked if one.name == NAME), None)
    if asked is None or result.texts is None:
        return None
    sizes = [float(len(text.encode())) for text in texts]
    base, tuned = (
        [(loss / math.log(2), size) for loss, size in zip(losses, sizes, strict=True)]
        for losses in (result.texts.base, result.texts.tuned)
    )
    (of_texts,) = compare_pairs([Paired(base, tuned)], seed=seed)
    followed = [
        [(float(one.is_followed(answer.text)), 1.0) for one, answer in zip(INSTRUCTIONS, side, strict=True)]
        for side in (asked.base, asked.tuned)
    ]
    (of_instructions,) = compare_pairs([Paired(followed[0], followed[1])], seed=seed)
    read = comparison_of("bits_per_byte", of_texts, len(texts))
    obeyed = comparison_of("exact_match", of_instructions, len(INSTRUCTIONS))
    return ProbeReport(
        version=VERSION, texts=read, instructions=obeyed, verdict=_worse_of(read.verdict, obeyed.verdict)
    )


def _worse_of(*verdicts: EvalVerdict) -> EvalVerdict:
    order: tuple[EvalVerdict, ...] = ("worse", "cannot tell", "better")
    return min(verdicts, key=order.index)
