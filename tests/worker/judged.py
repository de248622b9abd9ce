"""Splits of preferences and of feedback for the tiny model."""

from pathlib import Path

import numpy as np

from brewslm.core.wire.shard import LABELS_DTYPE, LABELS_FILE, REJECTED_FOLDER
from tests.worker.tiny import write_examples

PROMPT_LENGTH = 4


def _answer(random: np.random.Generator, *, is_good: bool) -> list[int]:
    """Answer with some of the tokens that are good, or of others; the end is the same."""
    first = 60 if is_good else 30
    return [first + int(token) for token in random.integers(0, 12, size=random.integers(3, 9))] + [2]


def _prompt(random: np.random.Generator) -> list[int]:
    return [4 + int(token) for token in random.integers(0, 90, size=PROMPT_LENGTH)]


def _write(folder: Path, prompts: list[list[int]], answers: list[list[int]]) -> None:
    examples = [prompt + answer for prompt, answer in zip(prompts, answers, strict=True)]
    masks = [[0] * len(prompt) + [1] * len(answer) for prompt, answer in zip(prompts, answers, strict=True)]
    write_examples(folder, examples, masks)


def write_pairs(folder: Path, num_pairs: int, *, seed: int) -> Path:
    """Write pairs whose answers have other tokens."""
    random = np.random.default_rng(seed)
    prompts = [_prompt(random) for _ in range(num_pairs)]
    _write(folder, prompts, [_answer(random, is_good=True) for _ in prompts])
    _write(folder / REJECTED_FOLDER, prompts, [_answer(random, is_good=False) for _ in prompts])
    return folder


def write_judged(folder: Path, num_rows: int, *, seed: int) -> Path:
    """Write answers that are good and bad by turns."""
    random = np.random.default_rng(seed)
    prompts = [_prompt(random) for _ in range(num_rows)]
    labels = [row % 2 == 0 for row in range(num_rows)]
    answers = [_answer(random, is_good=is_good) for is_good in labels]
    _write(folder, prompts, answers)
    np.array(labels, dtype=LABELS_DTYPE).tofile(folder / LABELS_FILE)
    return folder
