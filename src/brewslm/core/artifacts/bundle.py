"""The export bundle."""

from typing import ClassVar, Literal

from pydantic import Field

from brewslm.core.artifacts.base import AdapterId, Artifact, ArtifactKind, EvalReportId
from brewslm.core.wire.export import ExportFormat, Quantization
from brewslm.core.wire.parity import Parity

ExportTarget = Literal["transformers", "vllm", "llama_cpp", "ollama"]

TARGETS: dict[ExportFormat, tuple[ExportTarget, ...]] = {
    "huggingface": ("transformers", "vllm"),
    "safetensors": ("transformers", "vllm"),
    "adapter": ("transformers", "vllm"),
    "gguf": ("llama_cpp", "ollama"),
}
"""What can load each format; the first is taken where nothing is said."""

DEFAULT_QUANTIZATION: Quantization = "q8_0"


UPSTREAM_PORTS: dict[ExportTarget, int] = {"vllm": 8001, "ollama": 11434}
"""Where runtimes listen that a release may be handed over to: vLLM where launch notes say, beside BrewSLM's own server,
and Ollama where it does by itself."""


def served_name(project: str) -> str:
    """Spell a project's name as launch notes have a runtime know its model."""
    name = "".join(character if character.isalnum() or character in "-_." else "-" for character in project)
    return name.lstrip("-") or "model"  # what begins with a dash would be an option


class Bundle(Artifact):
    """A folder that works without the project: the weights, `bundle.json`, `SHA256SUMS`, `README.md`.

    The weights are `model/` and, where an adapter was trained, `adapter/`; of `safetensors` only the first of them, of
    `adapter` only the second, of `gguf` the file `model.gguf`.
    """

    kind: ClassVar[ArtifactKind] = "bundle"

    adapter_id: AdapterId
    eval_report_id: EvalReportId
    format: ExportFormat
    target: ExportTarget
    quantization: Quantization | None = Field(None, exclude_if=lambda value: value is None)
    """Of a GGUF file."""
    folder: str
    """Relative to the project's folder."""
    dtype: str
    """In which the weights are stored; of a GGUF file its quantization."""
    parity: Parity
