"""Whether a manifest's train split holds texts of a golden set that came after it."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from brewslm.core.artifacts.golden import Golden
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.context import StageContext
from brewslm.core.data.asked import Asked, asked_text, text_key
from brewslm.core.overlap.near import NearTexts
from brewslm.core.wire.shard import EXAMPLES_FILE

_EXCERPT = 80


@dataclass(frozen=True, slots=True)
class TrainedGolden:
    """A golden set of which train holds texts."""

    name: str
    num_found: int
    first: str
    """The beginning of the first one."""


def trained_goldens(manifest: Manifest, context: StageContext) -> tuple[TrainedGolden, ...]:
    """Compare train with each golden set that the preparation did not know, exactly and nearly."""
    known = {overlap.golden_id for overlap in manifest.goldens}
    unknown = [golden for golden in context.shelf.all(Golden) if golden.id not in known]
    found = []
    for golden in unknown:
        texts = _texts_in_train(golden, manifest, context)
        if texts:
            found.append(TrainedGolden(golden.title, len(texts), " ".join(texts[0].split())[:_EXCERPT]))
    return tuple(found)


def _texts_in_train(golden: Golden, manifest: Manifest, context: StageContext) -> list[str]:
    path = next(file.path for file in golden.files if file.path.endswith(f"/{EXAMPLES_FILE}"))
    texts = _read(context, context.shelf.path(path))
    held = {text_key(text): number for number, text in enumerate(texts)}
    found: set[int] = set()
    with tempfile.TemporaryDirectory(dir=context.shelf.draft()) as folder:
        near = NearTexts(context.similarity, Path(folder) / "words")
        for text in texts:
            near.add(text)
        train = context.shelf.path(f"{manifest.split('train').folder}/{EXAMPLES_FILE}")
        for batch in context.tables.read(train, Asked):
            for one in batch:
                text = asked_text(one.messages, one.text)
                number = held.get(text_key(text))
                if number is not None:
                    found.add(number)
                else:
                    near.add(text)
        rank = bytes(0 if number < len(texts) else 1 for number in range(len(near)))
        found |= {one for one, other, _ in near.pairs(rank) if one < len(texts) <= other}
    return [texts[number] for number in sorted(found)]


def _read(context: StageContext, path: Path) -> list[str]:
    return [asked_text(one.messages, one.text) for batch in context.tables.read(path, Asked) for one in batch]
