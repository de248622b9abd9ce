"""The rows of a benchmark: the same for every candidate, each reading them by its own tokenizer and template."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from brewslm.core.artifacts.base import FileRef
from brewslm.core.artifacts.manifest import Manifest, SplitName
from brewslm.core.data.example import Example
from brewslm.core.errors import BaseModelError, InvalidRequestError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.wire.shard import EXAMPLES_FILE
from brewslm.services.ports import Ports
from brewslm.services.shelf import ProjectShelf
from brewslm.stages.prepare.shards import TokenFiles
from brewslm.stages.prepare.tokens.mask import Tokenised, tokenise
from brewslm.stages.prepare.tokens.tokenizer import load_tokenizer

TRAIN_ROWS = 4_000
"""Train rows that probe and floor learn from, at most: more than a probe of 50 steps sees."""
FEWEST_ROWS = 5
"""Eval rows; an interval over fewer says nothing."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A candidate whose tokenizer and template can be used."""

    facts: BaseModelFacts
    train_folder: Path
    eval_folder: Path


@dataclass(frozen=True, slots=True)
class Sample:
    """What was drawn and written."""

    contestants: tuple[Contestant, ...]
    problems: dict[str, str]
    """Name of a candidate that cannot be used to why."""
    examples: tuple[Example, ...]
    """The eval rows."""
    bytes: tuple[int, ...]
    """Of what is trained of each eval row, as the first candidate's template writes it: one measure for all."""
    num_trained: tuple[tuple[int, ...], ...]
    """Of each contestant, the trained tokens of each eval row."""
    num_left_out: int
    num_train_rows: int
    files: tuple[FileRef, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """The drawn rows as one candidate reads them; None stands for a row that it cannot take."""

    facts: BaseModelFacts
    splits: dict[SplitName, list[Tokenised | None]]


def draw_sample(
    names: Sequence[str], manifest: Manifest, shelf: ProjectShelf, ports: Ports, *, num_rows: int, seed: int
) -> Sample:
    """Draw rows, keep those that every candidate can take, and write them as the tokens of each.

    Raises:
        BaseModelError: no candidate can be used.
        InvalidRequestError: too few rows can be taken by all.
    """
    drawn: dict[SplitName, list[Example]] = {
        "train": _draw(manifest, "train", shelf, ports, num_rows=TRAIN_ROWS, seed=seed),
        "eval": _draw(manifest, "eval", shelf, ports, num_rows=num_rows, seed=seed),
    }
    readings: list[_Read] = []
    problems: dict[str, str] = {}
    for name in names:
        try:
            readings.append(_read(name, drawn, manifest, ports))
        except BaseModelError as error:
            problems[name] = str(error)
    if not readings:
        told = "; ".join(f"{name!r}: {problem}" for name, problem in problems.items())
        raise BaseModelError(f"no candidate can be used. {told}", reason=Reason.PREFLIGHT_CAPABILITY)
    kept = {split: _taken_by_all([one.splits[split] for one in readings], len(rows)) for split, rows in drawn.items()}
    if len(kept["eval"]) < FEWEST_ROWS or not kept["train"]:
        message = (
            f"{len(kept['eval'])} eval and {len(kept['train'])} train rows of {manifest.id!r} can be read by every "
            f"candidate, and {FEWEST_ROWS} and 1 are needed; leave out the candidate with the shortest context, or "
            "import more data"
        )
        raise InvalidRequestError(message)
    draft = shelf.draft()
    for number, one in enumerate(readings):
        (draft / str(number)).mkdir()
        for split, rows in one.splits.items():
            _write(draft / str(number) / split, [rows[index] for index in kept[split]])
    first = readings[0].splits["eval"]
    files = shelf.publish(draft, room="benchmarks")
    root = shelf.path(files[0].path).parents[2]
    return Sample(
        contestants=tuple(
            Contestant(one.facts, root / str(number) / "train", root / str(number) / "eval")
            for number, one in enumerate(readings)
        ),
        problems=problems,
        examples=tuple(drawn["eval"][index] for index in kept["eval"]),
        bytes=tuple(row.num_bytes for index in kept["eval"] if (row := first[index]) is not None),
        num_trained=tuple(
            tuple(row.num_trained for index in kept["eval"] if (row := one.splits["eval"][index]) is not None)
            for one in readings
        ),
        num_left_out=len(drawn["eval"]) - len(kept["eval"]),
        num_train_rows=len(kept["train"]),
        files=files,
    )


def _draw(
    manifest: Manifest, name: SplitName, shelf: ProjectShelf, ports: Ports, *, num_rows: int, seed: int
) -> list[Example]:
    """Return rows of a split, drawn without replacement, in the order in which they lie there."""
    import numpy as np

    split = manifest.split(name)
    count = min(num_rows, split.num_examples)
    chosen = set(np.random.default_rng(seed).choice(split.num_examples, size=count, replace=False).tolist())
    rows = ports.tables.each(shelf.path(f"{split.folder}/{EXAMPLES_FILE}"), Example)
    return [row for index, row in enumerate(rows) if index in chosen]


def _read(name: str, drawn: dict[SplitName, list[Example]], manifest: Manifest, ports: Ports) -> _Read:
    facts = ports.base_models.facts(name)
    model = load_tokenizer(facts.folder, manifest.shape)
    limit = min(facts.context_length, manifest.max_seq_len)
    splits: dict[SplitName, list[Tokenised | None]] = {
        split: [
            one if isinstance(one, Tokenised) and one.num_tokens <= limit and one.num_bytes else None
            for one in tokenise(rows, model)
        ]
        for split, rows in drawn.items()
    }
    return _Read(facts.model_copy(update={"name": name}), splits)


def _taken_by_all(readings: Sequence[Sequence[Tokenised | None]], num_rows: int) -> list[int]:
    return [index for index in range(num_rows) if all(rows[index] is not None for rows in readings)]


def _write(folder: Path, rows: Sequence[Tokenised | None]) -> None:
    files = TokenFiles(folder)
    files.add([row for row in rows if row is not None])
    files.close()
