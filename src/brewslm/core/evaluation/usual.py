"""What is measured where no eval pack is named: all that needs no generated answers."""

from brewslm.core.data.example import Shape
from brewslm.core.evaluation.metrics import MetricName
from brewslm.core.evaluation.pack import EvalPack, EvalTask

_LOSSES: tuple[MetricName, ...] = ("loss", "perplexity", "bits_per_byte")
_FIRST: dict[Shape, tuple[MetricName, ...]] = {
    "classification": ("accuracy", "macro_f1", "ece"),
    "preference": ("preference_accuracy", "preference_margin", "objective"),
    "binary_feedback": ("objective",),
}
_ANSWERED: dict[Shape, tuple[MetricName, ...]] = {
    "classification": ("generated_accuracy", "unparseable_rate", "stop_rate"),
    "extraction": ("field_f1", "json_validity", "schema_compliance", "span_f1", "stop_rate"),
    "summarisation": ("rouge_l", "chrf", "stop_rate"),
    "translation": ("chrf", "rouge_l", "stop_rate"),
    "qa": ("token_f1", "exact_match", "refusal_rate", "false_refusal_rate", "stop_rate"),
    "chat": ("chrf", "rouge_l", "tool_name_accuracy", "tool_call_accuracy", "stop_rate"),
    "instruction": ("rouge_l", "chrf", "stop_rate"),
    "prompt_completion": ("rouge_l", "chrf", "stop_rate"),
}


def usual_pack(shape: Shape) -> EvalPack:
    """Return the pack of an evaluation that names none."""
    task = EvalTask(id="main", metrics=(*_FIRST.get(shape, ()), *_LOSSES))
    return EvalPack(api_version="brewslm/v1", kind="EvalPack", name="usual", tasks=(task,))


def template_for(shape: Shape) -> tuple[MetricName, ...]:
    """Return the metrics that a new pack for data of this shape begins with, those of answers included."""
    first = (*_FIRST.get(shape, ()), *_ANSWERED.get(shape, ()))
    return (*first, *_LOSSES)
