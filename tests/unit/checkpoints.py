"""Checkpoints of a few bytes, whole and sealed, as a worker leaves them."""

from pathlib import Path

from brewslm.core.checkpoints.digests import entry_of
from brewslm.core.checkpoints.manifest import (
    OPTIMIZER_FILE,
    RNG_FILE,
    STATE_FILE,
    CheckpointManifest,
    Fingerprint,
    Health,
    folder_name,
)
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER, LEASE_FILE, MANIFEST_FILE

WEIGHTS = {
    "adapter": ("adapter/adapter_model.safetensors", "adapter/adapter_config.json"),
    "model": ("model/model.safetensors", "model/config.json"),
}


def write_checkpoint(
    run: Path, step: int, *, attempt: int = 1, eval_loss: float | None = None, part: str = "adapter"
) -> Path:
    """Write a checkpoint into a run directory; its weights spell its step."""
    folder = run / CHECKPOINTS_FOLDER / folder_name(step=step, attempt=attempt)
    names = (*WEIGHTS[part], OPTIMIZER_FILE, RNG_FILE, STATE_FILE)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name} of step {step}")
    manifest = CheckpointManifest(
        step=step,
        attempt=attempt,
        eval_loss=eval_loss,
        fingerprint=Fingerprint(manifest_id="manifest-0", recipe_hash="0" * 64, base_model="tiny"),
        health=Health(largest_weight=1.0, largest_moment=1.0),
        files={name: entry_of(folder / name) for name in names},
    ).sealed()
    (folder / LEASE_FILE).touch()
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json())
    return folder
