"""What every comparison needs: the tuned model, the rows, and how to tell what was found."""

from pathlib import Path

from brewslm.core.wire.order import ExportOrder
from brewslm.core.wire.parity import TOLERANCES, Parity
from brewslm.core.wire.result import ExportResult
from brewslm.worker.answers.chat import Chat
from brewslm.worker.export.parity import Found
from brewslm.worker.models import AnyModel, load_tuned, vocab_size_of
from brewslm.worker.shard import Shard, open_shard


def tuned_form(order: ExportOrder) -> AnyModel:
    """Load what was tuned, as the training left it."""
    return load_tuned(order.base_model, Path(order.tuned_folder), order.tuned_form)


def parity_shard(order: ExportOrder, model: AnyModel) -> Shard:
    """Open the rows that are compared."""
    return open_shard(Path(order.parity_folder), vocab_size=vocab_size_of(model))


def told(
    found: Found, chat: Chat, *, dtype: str, runtime: str, num_texts: int = 0, text_problem: str | None = None
) -> ExportResult:
    """Spell a comparison as the worker's result."""
    return ExportResult(
        dtype=dtype,
        num_examples=found.num_examples,
        adapter_loss=found.tuned_loss,
        merged_loss=found.saved_loss,
        largest_logprob_difference=found.largest,
        mean_logprob_difference=found.mean,
        same_greedy_tokens=found.first_difference is None,
        num_prompts=found.num_prompts,
        first_difference=found.first_difference,
        num_texts=num_texts,
        text_problem=text_problem,
        runtime=runtime,
        smoke=found.answers,
        stop_tokens=tuple(chat.spelled(stop) for stop in sorted(chat.stops)),
    )


def parity_of(result: ExportResult) -> Parity:
    """Return what the stage will judge."""
    shared = Parity.model_fields.keys() & ExportResult.model_fields.keys()
    facts = {name: getattr(result, name) for name in shared}
    return Parity(**facts, tolerance=TOLERANCES[result.dtype].loss, passed=True)
