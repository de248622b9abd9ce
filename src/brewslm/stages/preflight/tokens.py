"""How many tokens a mode takes through the model."""

from brewslm.core.artifacts.manifest import Manifest, SplitName
from brewslm.core.wire.shard import REJECTED_FOLDER, TOKENS_FILE

_TOKEN_BYTES = 4


def tokens_of(manifest: Manifest, split: SplitName, *, mode: str) -> int:
    """Return the tokens of a split, for modes that learn from pairs those of both answers."""
    found = manifest.split(split)
    if mode not in {"dpo", "orpo"}:
        return found.num_tokens
    path = f"{found.folder}/{REJECTED_FOLDER}/{TOKENS_FILE}"
    return found.num_tokens + sum(file.size_bytes for file in manifest.files if file.path == path) // _TOKEN_BYTES
