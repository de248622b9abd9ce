"""What each subcommand of `tools/pretrain_base.py` does."""

import argparse
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer

from pretrain.card import card_text
from pretrain.corpus import gather_corpus
from pretrain.documents import Document, seeded
from pretrain.evaluation import measure_bits_per_byte
from pretrain.export import export_model
from pretrain.llama import ModelShape
from pretrain.samples import generate_samples
from pretrain.settings import RunSettings
from pretrain.streams import Part, read_stream, write_stream
from pretrain.tokenizer import save_tokenizer, train_tokenizer
from pretrain.training import CHECKPOINT_FILE, COOL_DOWN_FILE, Run
from pretrain.unseen import count_tokens, redraw_unseen

Command = Callable[[argparse.Namespace], None]

NUM_OWN_DOCUMENTS = 150_000
LEARNING_RATE = 6e-3
DECAY_START = 5000
DECAY_STEPS = 1000
EMBEDDINGS = "embed_tokens.weight"
_SPECIAL_TOKEN = re.compile(r"<\|[a-z_]+\|>")


def make_tokenizer(chosen: argparse.Namespace) -> None:
    """Train a tokenizer on a sample of the training texts."""
    corpus = gather_corpus(chosen.data, seed=chosen.seed, num_own_documents=NUM_OWN_DOCUMENTS)
    texts = _tokenizer_texts(corpus.training, rng=seeded(chosen.seed))
    save_tokenizer(train_tokenizer(texts, max_length=ModelShape().max_positions), chosen.work / "tokenizer")
    print(f"wrote {chosen.work / 'tokenizer'}")


def _tokenizer_texts(documents: tuple[Document, ...], *, rng: random.Random) -> Iterator[str]:
    """Yield half of the books and of the own text and all of the rest, without special tokens."""
    for document in documents:
        if document.source == "books":
            yield from (document.text[start : start + 3000] for start in range(0, len(document.text), 6000))
        elif document.source != "own" or rng.random() < 0.5:
            yield _SPECIAL_TOKEN.sub(" ", document.text)


def make_corpus(chosen: argparse.Namespace) -> None:
    """Write the token streams of both parts with the tokenizer of the model folder."""
    tokenizer = Tokenizer.from_file(str(chosen.model / "tokenizer.json"))
    corpus = gather_corpus(chosen.data, seed=chosen.seed, num_own_documents=chosen.own_documents)
    parts: tuple[tuple[Part, tuple[Document, ...]], ...] = (
        ("training", corpus.training),
        ("held_out", corpus.held_out),
    )
    for part, documents in parts:
        record = write_stream(documents, tokenizer, chosen.work / "streams", part=part, seed=chosen.seed)
        print(json.dumps({part: record}, indent=2))


def train(chosen: argparse.Namespace) -> None:
    """Train until the schedule ends, resuming from the checkpoint in the work folder."""
    is_cuda = chosen.device == "cuda" or (chosen.device == "auto" and torch.cuda.is_available())
    settings = RunSettings(
        seed=chosen.seed,
        optimiser=chosen.optimiser,
        learning_rate=chosen.learning_rate,
        decay_start=chosen.decay_start,
        decay_steps=chosen.decay_steps,
    )
    run = Run(
        chosen.work / "run",
        chosen.work / "streams",
        settings,
        num_workers=0 if is_cuda else chosen.workers,
        device=torch.device("cuda" if is_cuda else "cpu"),
    )
    run.train(log_every=20, checkpoint_every=100)


def cool_down(chosen: argparse.Namespace) -> None:
    """Leave the control file that makes the training decay from where it is."""
    path = chosen.work / "run" / COOL_DOWN_FILE
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(str(chosen.decay_steps), encoding="utf-8")
    temporary.replace(path)


def export(chosen: argparse.Namespace) -> None:
    """Write the latest checkpoint into the model folder, the rows of unseen tokens drawn again."""
    state = torch.load(chosen.work / "run" / CHECKPOINT_FILE, map_location="cpu", weights_only=True)
    shape = ModelShape(**state["settings"]["shape"])
    weights = dict(state["weights"])
    counts = count_tokens(read_stream(chosen.work / "streams", part="training"), vocabulary_size=shape.vocabulary_size)
    weights[EMBEDDINGS] = redraw_unseen(weights[EMBEDDINGS], counts, seed=chosen.seed)
    export_model(weights, shape, tokenizer_folder=chosen.model, target=chosen.model)
    print(f"exported step {state['progress']['step']} to {chosen.model}")


def evaluate(chosen: argparse.Namespace) -> None:
    """Measure bits per byte, print the table and record it in the work folder."""
    table = measure_bits_per_byte(chosen.model, chosen.work / "streams")
    (chosen.work / "evaluation.json").write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(table, indent=2))


def write_samples(chosen: argparse.Namespace) -> None:
    """Generate the card's samples and record them in the work folder."""
    samples = generate_samples(chosen.model)
    (chosen.work / "samples.json").write_text(json.dumps(samples, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(samples, indent=2))


def write_card(chosen: argparse.Namespace) -> None:
    """Write the model card from what the other steps recorded."""
    path: Path = chosen.model / "README.md"
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(card_text(chosen.work), encoding="utf-8")
    temporary.replace(path)
    print(f"wrote {path}")
