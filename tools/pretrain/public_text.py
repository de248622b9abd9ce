"""The public part of the corpus: novels, grade-school word problems and online-banking questions."""

import csv
import json
import lzma
import random
import re
from collections.abc import Iterator
from pathlib import Path

from pretrain.documents import Document, question_and_answer

BOOK_SEPARATOR = "<|book|>"
CHUNK_CHARACTERS = 6000
HELD_OUT_EVERY = 64
_STRAIGHT = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "—": "--", "–": "-", "\u00a0": " "})
_CALCULATOR_NOTE = re.compile(r"<<[^>]*>>")
_INTENT_PROMPTS = (
    "What is this banking question about?",
    "Name the topic of this customer message.",
    "Give the intent of the following message in a few words.",
    "Which kind of request is this?",
    "Sort this message from a bank customer by topic.",
)


def read_books(path: Path) -> tuple[list[Document], list[Document]]:
    """Read the novels in chunks of whole paragraphs and hold out every 64th chunk.

    Returns:
        The training documents (runs of chunks that touch, joined) and the held-out chunks.
    """
    training: list[Document] = []
    held_out: list[Document] = []
    number = 0
    for book in lzma.decompress(path.read_bytes()).decode("utf-8").split(BOOK_SEPARATOR):
        run: list[str] = []
        for chunk in _chunks(_paragraphs(book)):
            number += 1
            if number % HELD_OUT_EVERY:
                run.append(chunk)
                continue
            held_out.append(Document("books", chunk))
            if run:
                training.append(Document("books", "\n\n".join(run)))
            run = []
        if run:
            training.append(Document("books", "\n\n".join(run)))
    return training, held_out


def _paragraphs(book: str) -> Iterator[str]:
    """Yield paragraphs with straight quotes and the hard line ends of prose removed."""
    for block in re.split(r"\n\s*\n", book.translate(_STRAIGHT).replace("_", "")):
        lines = [line.rstrip() for line in block.splitlines() if line.strip()]
        if not lines or block.lstrip().startswith(("Produced by", "[Illustration")):
            continue
        is_verse_or_table = any(line.startswith("  ") for line in lines)
        yield "\n".join(lines) if is_verse_or_table else " ".join(line.strip() for line in lines)


def _chunks(paragraphs: Iterator[str]) -> Iterator[str]:
    """Group paragraphs into chunks of at least `CHUNK_CHARACTERS` characters."""
    chunk: list[str] = []
    size = 0
    for paragraph in paragraphs:
        chunk.append(paragraph)
        size += len(paragraph)
        if size >= CHUNK_CHARACTERS:
            yield "\n\n".join(chunk)
            chunk, size = [], 0
    if chunk:
        yield "\n\n".join(chunk)


def read_gsm8k(path: Path, *, rng: random.Random) -> list[Document]:
    """Read word problems, each once as a conversation and every other one also as plain text."""
    documents = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        question = row["question"].translate(_STRAIGHT).strip()
        answer = _CALCULATOR_NOTE.sub("", row["answer"].translate(_STRAIGHT))
        answer = re.sub(r"\n?#### ?(.*)$", r"\nThe answer is \1.", answer)
        documents.append(Document("gsm8k", question_and_answer(question, answer)))
        if rng.random() < 0.5:
            documents.append(Document("gsm8k", f"Question: {question}\nAnswer: {answer}"))
    return documents


def read_banking77(path: Path, *, rng: random.Random) -> list[Document]:
    """Read banking questions: as conversations that name the intent and as plain lists."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row["text"].translate(_STRAIGHT).strip(), _spoken(row["category"])) for row in csv.DictReader(file)]
    rng.shuffle(rows)
    documents = []
    for text, intent in rows:
        prompt = rng.choice(_INTENT_PROMPTS)
        question = f"{prompt}\n\n{text}" if rng.random() < 0.5 else f"{text}\n\n{prompt}"
        documents.append(Document("banking77", question_and_answer(question, intent)))
    for start in range(0, len(rows), 12):
        lines = [f"Message: {text}\nTopic: {intent}" for text, intent in rows[start : start + 12]]
        documents.append(Document("banking77", "\n\n".join(lines)))
    return documents


def _spoken(label: str) -> str:
    """Write an intent label as words: `card_arrival` becomes `card arrival`."""
    return label.replace("_", " ").strip(" ?").lower()
