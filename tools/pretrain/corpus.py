"""Gather the corpus: read the public sources, write the own text, keep a held-out part of each source."""

from dataclasses import dataclass
from pathlib import Path

from pretrain.documents import Document, seeded
from pretrain.own_text.writers import write_documents
from pretrain.public_text import read_banking77, read_books, read_gsm8k


@dataclass(frozen=True)
class Corpus:
    """Documents to train on and documents never trained on."""

    training: tuple[Document, ...]
    held_out: tuple[Document, ...]


def gather_corpus(data_folder: Path, *, seed: int, num_own_documents: int) -> Corpus:
    """Read and write everything, deterministic by seed.

    The held-out part is: every 64th chunk of the books, the test files of GSM8K and banking77, and own documents
    that another seed wrote and that do not occur, letter for letter, in the training part.
    """
    book_training, book_held_out = read_books(data_folder / "pretrain" / "books.txt.xz")
    own_training = write_documents(seed=seed, count=num_own_documents)
    seen = {document.text for document in own_training}
    own_held_out = [document for document in write_documents(seed=seed + 1, count=4000) if document.text not in seen]
    training = [
        *book_training,
        *read_gsm8k(data_folder / "gsm8k" / "train.jsonl", rng=seeded(seed)),
        *read_banking77(data_folder / "banking77" / "train.csv", rng=seeded(seed)),
        *own_training,
    ]
    held_out = [
        *book_held_out,
        *read_gsm8k(data_folder / "gsm8k" / "test.jsonl", rng=seeded(seed)),
        *read_banking77(data_folder / "banking77" / "test.csv", rng=seeded(seed)),
        *own_held_out,
    ]
    return Corpus(tuple(training), tuple(held_out))
