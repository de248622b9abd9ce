"""The model card, filled from the records that the other steps left in the work folder."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import torch

from pretrain.documents import SOURCES
from pretrain.streams import BatchOrder
from pretrain.training import CHECKPOINT_FILE, LOG_FILE

_TEMPLATE = Path(__file__).with_name("card_template.md")
_SOURCE_ROWS = {
    "books": ("23 English novels and collections of tales, Project Gutenberg", "public domain in the USA"),
    "gsm8k": ("GSM8K train split: word problems with worked answers (OpenAI, Cobbe et al. 2021)", "MIT"),
    "banking77": (
        "banking77 train split: online-banking questions with intents (PolyAI, Casanueva et al. 2020)",
        "CC BY 4.0",
    ),
    "own": ("text written by this project's generator (`tools/pretrain/own_text`)", "Apache-2.0"),
}

Record = Mapping[str, Any]


def card_text(work: Path) -> str:
    """Fill the card's template.

    Args:
        work: the folder with `streams`, `run`, `evaluation.json`, `samples.json` and, if there is one, `notes.json`.
    """
    state = torch.load(work / "run" / CHECKPOINT_FILE, map_location="cpu", weights_only=True)
    settings, progress, schedule = state["settings"], state["progress"], state["schedule"]
    log = [json.loads(line) for line in (work / "run" / LOG_FILE).read_text(encoding="utf-8").splitlines()]
    num_weights = sum(weight.numel() for weight in state["weights"].values())
    fields = {
        **{name: str(value) for name, value in settings["shape"].items()},
        "num_weights": f"{num_weights:,}",
        "corpus_table": _corpus_table(_read(work / "streams" / "training.json"), settings, progress["num_tokens"]),
        "evaluation_table": _evaluation_table(_read(work / "evaluation.json")),
        "sample_list": _sample_list(json.loads((work / "samples.json").read_text(encoding="utf-8"))),
        "num_steps": f"{progress['step']:,}",
        "num_tokens": f"{progress['num_tokens'] / 1e6:.1f} million",
        "tokens_per_step": f"{settings['tokens_per_step']:,}",
        "wall_minutes": f"{progress['wall_seconds'] / 60:.0f}",
        "tokens_per_second": f"{progress['num_tokens'] / progress['wall_seconds']:,.0f}",
        "final_loss": f"{log[-1]['loss']:.3f}",
        "learning_rate": f"{settings['learning_rate']:g}",
        "seed": str(settings["seed"]),
        "schedule": (
            f"warm-up {schedule['warmup_steps']:,} steps, full rate to step {schedule['decay_start']:,}, "
            f"then {schedule['decay_steps']:,} steps of linear decay to zero"
        ),
        "stable_length": str(settings["stable_length"]),
        "decay_length": str(settings["decay_length"]),
        "versions": f"Python {platform.python_version()}, PyTorch {torch.__version__}",
        **_notes(work / "notes.json"),
    }
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(fields)


def _read(path: Path) -> Record:
    record: Record = json.loads(path.read_text(encoding="utf-8"))
    return record


def _notes(path: Path) -> dict[str, str]:
    """Read what only the person who ran the training knows: hardware, trials, remarks."""
    unknown = {"hardware": "not recorded", "trials": "No optimiser trials were recorded for this run.", "remarks": ""}
    return {**unknown, **_read(path)} if path.exists() else unknown


def _corpus_table(streams: Record, settings: Record, num_tokens: int) -> str:
    shares = dict(settings["shares"])
    lines = [
        "| source | licence | documents | text | tokens | share of training tokens | epochs |",
        "|---|---|---|---|---|---|---|",
    ]
    for source in SOURCES:
        row, (text, licence) = streams[source], _SOURCE_ROWS[source]
        share = shares[source] / BatchOrder.PATTERN_LENGTH
        epochs = share * num_tokens / row["num_tokens"]
        lines.append(
            f"| {text} | {licence} | {row['num_documents']:,} | {row['num_bytes'] / 1e6:.1f} MB "
            f"| {row['num_tokens'] / 1e6:.2f} M | {share:.0%} | {epochs:.1f} |"
        )
    return "\n".join(lines)


def _evaluation_table(table: Record) -> str:
    lines = [
        "| held-out text | model | 5-gram | unigram | model's perplexity per token | bytes scored |",
        "|---|---|---|---|---|---|",
    ]
    for name in (*SOURCES, "all"):
        row = table[name]
        lines.append(
            f"| {name} | **{row['model']:.3f}** | {row['five_gram']:.3f} | {row['unigram']:.3f} "
            f"| {row['perplexity_per_token']:.2f} | {row['num_bytes']:,.0f} |"
        )
    return "\n".join(lines)


def _sample_list(samples: list[dict[str, Any]]) -> str:
    parts = []
    for sample in samples:
        ending = "ended its turn by itself" if sample["has_ended_its_turn"] else "did not end its turn within the limit"
        answer = "\n".join(f"> {line}".rstrip() for line in sample["answer"].splitlines())
        parts.append(f"**{sample['prompt']}** ({ending})\n\n{answer}")
    return "\n\n".join(parts)
