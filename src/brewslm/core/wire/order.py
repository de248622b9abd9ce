"""What a worker is told: `order.json`. Paths are absolute; the worker writes only inside its run directory."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from brewslm.core.data.example import Message
from brewslm.core.recipe.preference import PreferenceMode, PreferenceSettings
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.value import Value
from brewslm.core.wire.export import ExportFormat, Quantization
from brewslm.core.wire.parent import Parent


class TrainOrder(Value):
    """Train an adapter or a model; result: `TrainResult`."""

    kind: Literal["train"] = "train"
    version: Literal[1] = 1
    base_model: str
    train_folder: str
    eval_folder: str
    recipe: Recipe
    manifest_id: str
    """Fingerprint of the data; a checkpoint made on other data is refused."""
    parent: Parent | None = None
    """Whose weights the training begins with; None begins with the base."""


class LabelledRows(Value):
    """Rows to classify by the likelihood of each allowed label."""

    name: str
    prompts: tuple[tuple[Message, ...], ...]
    """Messages up to the answer."""
    labels: tuple[str, ...]
    """The right answer of each row."""


TunedForm = Literal["adapter", "model"]
"""What a training left: an adapter for its base model, or a whole model."""


class Judgement(Value):
    """The objective of a mode that learns from judgements, by which base and tuned are compared."""

    mode: PreferenceMode
    settings: PreferenceSettings
    max_seq_len: int
    seed: int
    """Draws the foreign answers of `kto`."""


class AskedRows(Value):
    """Prompts to answer greedily, base and tuned."""

    name: str
    prompts: tuple[tuple[Message, ...], ...]
    tools: tuple[str | None, ...] = ()
    """For each prompt the functions that may be called, a JSON array; empty where there are none at all."""
    max_new_tokens: int = Field(96, ge=1)


class EvaluateOrder(Value):
    """Score base and tuned on the same rows; result: `EvaluateResult`."""

    kind: Literal["evaluate"] = "evaluate"
    version: Literal[1] = 1
    base_model: str
    tuned_folder: str
    tuned_form: TunedForm = "adapter"
    splits: dict[str, str]
    """Split name to the folder of its shard."""
    allowed_labels: tuple[str, ...] = ()
    labelled: tuple[LabelledRows, ...] = ()
    prompts: tuple[tuple[Message, ...], ...] = ()
    """Prompts to answer greedily with both."""
    prompt_tools: tuple[str | None, ...] = ()
    """For each prompt the functions that may be called, a JSON array; empty where there are none at all."""
    max_new_tokens: int = Field(96, ge=1)
    asked: tuple[AskedRows, ...] = ()
    """Rows whose answers are measured."""
    texts: tuple[str, ...] = ()
    """Texts whose loss is measured, each by itself and from its second token on."""
    judgement: Judgement | None = None
    """Of what was trained on judged answers; the splits must be of that kind."""


class ExportOrder(Value):
    """Merge in float32 where there is an adapter, save in one form, and compare; result: `ExportResult`."""

    kind: Literal["export"] = "export"
    version: Literal[1] = 1
    base_model: str
    tuned_folder: str
    tuned_form: TunedForm = "adapter"
    output_folder: str
    """Where the weights are written; inside the run directory."""
    format: ExportFormat = "huggingface"
    quantization: Quantization | None = None
    """Of a GGUF file."""
    name: str = "model"
    """What a GGUF file calls itself."""
    parity_folder: str
    """The shard whose examples are compared."""
    parity_prompts: tuple[tuple[Message, ...], ...] = ()


class GenerateOrder(Value):
    """Load a model, with what was tuned of it, and answer greedily; result: `GenerateResult`."""

    kind: Literal["generate"] = "generate"
    version: Literal[1] = 1
    model_folder: str
    """Of a Hugging Face model; or a file whose name ends with `.gguf`, which answers as it is."""
    tuned_folder: str | None = None
    """An adapter for that model, or a whole model that was tuned from it; None where the model answers as it is."""
    tuned_form: TunedForm = "adapter"
    prompts: tuple[tuple[Message, ...], ...]
    max_new_tokens: int = Field(64, ge=1)
    is_scored: bool = False
    """Whether the log-probability of each token of an answer is told."""


class MeasureOrder(Value):
    """Measure what was tuned as GGUF files in llama.cpp on this machine; result: `MeasureResult`."""

    kind: Literal["measure"] = "measure"
    version: Literal[2] = 2
    base_model: str
    tuned_folder: str
    tuned_form: TunedForm = "adapter"
    eval_folder: str
    quantizations: tuple[Quantization, ...]
    num_new_tokens: int = Field(48, ge=2)


class ProbeOrder(Value):
    """Score a base model on rows, before and after a short training; result: `ProbeResult`."""

    kind: Literal["probe"] = "probe"
    version: Literal[2] = 2
    name: str
    """As the candidate was named."""
    model_folder: str
    train_folder: str
    eval_folder: str
    recipe: Recipe | None
    """Of the short training; None where the model is only scored as it is."""
    manifest_id: str
    allowed_labels: tuple[str, ...] = ()
    labelled: LabelledRows | None = None
    """The eval rows, where they are to be classified."""


Order = Annotated[
    TrainOrder | EvaluateOrder | ExportOrder | GenerateOrder | MeasureOrder | ProbeOrder,
    Field(discriminator="kind"),
]

ORDER: TypeAdapter[Order] = TypeAdapter(Order)
