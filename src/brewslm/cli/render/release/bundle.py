"""A bundle in the terminal."""

from pathlib import Path

from rich.console import RenderableType

from brewslm.cli.render.parts import facts
from brewslm.cli.text import size
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.wire.parity import Parity


def bundle_facts(bundle: Bundle, folder: Path, copy: Path | None) -> RenderableType:
    """Say where it is, what form it has, and how near it is to the tuned model."""
    num_bytes = sum(file.size_bytes for file in bundle.files)
    parity = bundle.parity
    pairs = [
        ("bundle", str(folder)),
        ("copy", str(copy) if copy is not None else ""),
        ("form", f"{bundle.format} for {bundle.target}, {bundle.dtype}, {size(num_bytes)}, {len(bundle.files)} files"),
        (
            "parity",
            f"loss {parity.merged_loss:.5f}, tuned model {parity.adapter_loss:.5f} on {parity.num_examples} rows",
        ),
        (
            "log-probs",
            f"{parity.mean_logprob_difference:.4f} apart on average, {parity.largest_logprob_difference:.4f} at most",
        ),
        ("answers", _answers(parity)),
        ("texts", f"{parity.num_texts} conversations have the same text and tokens" if parity.num_texts else ""),
    ]
    return facts((name, value) for name, value in pairs if value)


def _answers(parity: Parity) -> str:
    first = parity.first_difference
    if first is None:
        return f"same greedy answers: {'yes' if parity.same_greedy_tokens else 'no'}"
    return (
        f"same greedy answers: no; to prompt {first.prompt + 1} it says {first.bundle!r} at token "
        f"{first.position + 1}, the tuned model {first.tuned!r} ({first.margin:.3f} nats surer)"
    )
