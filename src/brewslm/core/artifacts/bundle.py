"""The export bundle."""

from typing import ClassVar, Literal

from brewslm.core.artifacts.base import AdapterId, Artifact, ArtifactKind, EvalReportId
from brewslm.core.value import Value

ExportFormat = Literal["huggingface", "safetensors", "adapter", "gguf"]
ExportTarget = Literal["transformers", "vllm", "llama_cpp", "ollama"]
Quantization = Literal["f32", "f16", "bf16", "q8_0", "q5_k_m", "q4_k_m"]
"""Number formats of a GGUF file, as llama.cpp calls them."""

GGUF_MODEL_TYPES = (
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "gemma",
    "gemma2",
    "gemma3_text",
    "phi",
    "phi3",
    "smollm3",
    "granite",
)
"""Architectures, as transformers calls them, that can be written as GGUF."""


class Parity(Value):
    """The bundle against the tuned model that it was made from, both loaded by transformers."""

    num_examples: int
    adapter_loss: float
    """Of the tuned model before it was exported."""
    merged_loss: float
    largest_logprob_difference: float
    """Over all trained tokens of the compared rows, absolute, nats."""
    same_greedy_tokens: bool
    tolerance: float
    passed: bool


class Bundle(Artifact):
    """A folder that works without the project: `model/`, `bundle.json`, `SHA256SUMS`, `README.md`.

    Where an adapter was trained, there is `adapter/`, too.
    """

    kind: ClassVar[ArtifactKind] = "bundle"

    adapter_id: AdapterId
    eval_report_id: EvalReportId
    format: ExportFormat
    target: ExportTarget
    folder: str
    """Relative to the project's folder."""
    dtype: str
    parity: Parity
