"""`manifest.json`: what the manifest says, beside the splits, for people and for other programs."""

import hashlib
import json
from pathlib import Path

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest

FILE_NAME = "manifest.json"
_ARTIFACT_FIELDS = {"files"}


def write_manifest_file(draft: Path, manifest: Manifest, dataset: Dataset) -> None:
    """Write it into the draft, with size and hash of every other file there; `manifest` names the splits by folder.

    It holds no id of the manifest, for the id is a hash over this file, too.
    """
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    body = {
        "format": "brewslm-manifest",
        "format_version": manifest.schema_version,
        **manifest.model_dump(mode="json", exclude=_ARTIFACT_FIELDS),
        "task": manifest.shape,
        "columns": "examples.parquet holds the canonical examples; the flat files are described in core/wire/shard.py",
        "files": [
            {"path": path.relative_to(draft).as_posix(), "size_bytes": path.stat().st_size, "sha256": _hash(path)}
            for path in files
        ],
        "lineage": {
            "snapshot_id": dataset.snapshot_id,
            "cleaned_from": dataset.cleaned_from,
            "dataset_id": manifest.dataset_id,
            "mapping_plan": dataset.plan_hash,
        },
    }
    (draft / FILE_NAME).write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
