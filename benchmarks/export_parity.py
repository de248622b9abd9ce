"""Prints, by family and form, how far an exported model is from the one that was tuned, in the runtime that loads it.

Tiny models from their configurations, with adapters at random: `python -m benchmarks.export_parity [FAMILY ...]`.
"""

import sys
import tempfile
from pathlib import Path

import torch

from brewslm.core.wire.export import QUANTIZATIONS, ExportFormat, Quantization
from brewslm.core.wire.order import ExportOrder
from brewslm.core.wire.parity import problem_of
from brewslm.core.wire.result import ExportResult
from brewslm.worker.export.comparing import parity_of
from brewslm.worker.export.exporting import export
from brewslm.worker.journal import Journal
from brewslm.worker.models import quiet_libraries
from brewslm.worker.run import Run
from tests.worker.llama_families import FAMILIES, write_llama_family
from tests.worker.test_llama import PROMPTS, adapted
from tests.worker.tiny import write_split

FORMS: tuple[tuple[ExportFormat, Quantization | None], ...] = (
    ("huggingface", None),
    ("adapter", None),
    *(("gguf", quantization) for quantization in QUANTIZATIONS),
)


def exported(root: Path, base: Path, form: ExportFormat, quantization: Quantization | None) -> ExportResult:
    folder = root / "export"
    folder.mkdir(exist_ok=True)
    order = ExportOrder(
        base_model=str(base),
        tuned_folder=str(root / "adapter"),
        output_folder=str(folder / "output"),
        format=form,
        quantization=quantization,
        parity_folder=str(root / "rows"),
        parity_prompts=PROMPTS,
    )
    return export(order, Run(folder, 1, Journal(folder / "log.jsonl", attempt=1)))


def main(families: list[str]) -> None:
    quiet_libraries()
    torch.set_num_threads(1)
    print("| family | form | texts | loss tuned | loss bundle | log-probs: mean | most | greedy answers | passes |")
    print("|---|---|---|---|---|---|---|---|---|")
    for family in families:
        with tempfile.TemporaryDirectory() as place:
            root = Path(place)
            base = write_llama_family(root / "base", family)
            adapted(base, root / "adapter")
            write_split(root / "rows", 24, seed=4)
            for form, quantization in FORMS:
                print(row(family, form, exported(root, base, form, quantization)), flush=True)


def row(family: str, form: str, result: ExportResult) -> str:
    first = result.first_difference
    answers = "same" if first is None else f"part at token {first.position + 1} (tie of {first.margin:.3f})"
    problem = problem_of(parity_of(result), result.dtype)
    return (
        f"| {family} | {form} {result.dtype} | {result.num_texts or '-'} | {result.adapter_loss:.4f} "
        f"| {result.merged_loss:.4f} | {result.mean_logprob_difference:.5f} | {result.largest_logprob_difference:.4f} "
        f"| {answers} | {problem or 'yes'} |"
    )


if __name__ == "__main__":
    main(sys.argv[1:] or list(FAMILIES))
