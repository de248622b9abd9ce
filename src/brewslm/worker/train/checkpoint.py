"""Checkpoints: visible means whole. Written aside, hashed, fsynced, manifest last, then renamed into place."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from torch import Tensor

from brewslm.core.value import Value
from brewslm.core.wire.rundir import MANIFEST_FILE
from brewslm.worker.failure import BadDataError, BadOrderError
from brewslm.worker.files import sha256_of_file, sync_file, sync_folder, write_synced
from brewslm.worker.train.checkpoints.trained import Trainee
from brewslm.worker.train.state import Fingerprint, TrainState, restore_rng, rng_tensors

OPTIMIZER_FILE = "optimizer.safetensors"
RNG_FILE = "rng.safetensors"
STATE_FILE = "state.json"


class FileEntry(Value):
    """One file of a checkpoint."""

    size_bytes: int
    sha256: str


class CheckpointManifest(Value):
    """`MANIFEST.json`, written last."""

    version: int = 1
    step: int
    attempt: int
    eval_loss: float | None
    fingerprint: Fingerprint
    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on disk whose files are those of its manifest."""

    folder: Path
    manifest: CheckpointManifest

    @property
    def step(self) -> int:
        """The optimiser step after which it was made."""
        return self.manifest.step

    @property
    def eval_loss(self) -> float | None:
        """Eval loss at that step; None where it was not measured."""
        return self.manifest.eval_loss


def save_checkpoint(
    root: Path, trainee: Trainee, state: TrainState, *, fingerprint: Fingerprint, attempt: int
) -> Checkpoint:
    """Write a checkpoint and publish it under its step; returns when it is durable."""
    root.mkdir(exist_ok=True)
    aside = root / f".tmp-{attempt}-{state.step}"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        manifest = _write_aside(aside, trainee, state, fingerprint=fingerprint, attempt=attempt)
        final = root / f"step-{state.step:06d}"
        if final.exists():
            _remove(final)
        aside.rename(final)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    sync_folder(root)
    return Checkpoint(final, manifest)


def _write_aside(
    aside: Path, trainee: Trainee, state: TrainState, *, fingerprint: Fingerprint, attempt: int
) -> CheckpointManifest:
    weights = aside / trainee.stored.file
    weights.parent.mkdir(parents=True)
    save_file(_contiguous(trainee.stored.tensors()), weights, {"format": "pt"})
    for name, content in trainee.stored.companions().items():
        (aside / name).write_bytes(content)
    save_file(_contiguous(trainee.moments()), aside / OPTIMIZER_FILE)
    tensors, plain = rng_tensors()
    save_file(tensors, aside / RNG_FILE)
    write_synced(aside / STATE_FILE, json.dumps({"state": state.model_dump(mode="json"), "rng": plain}).encode())
    files = {}
    for path in sorted(path for path in aside.rglob("*") if path.is_file()):
        sync_file(path)
        entry = FileEntry(size_bytes=path.stat().st_size, sha256=sha256_of_file(path))
        files[path.relative_to(aside).as_posix()] = entry
    manifest = CheckpointManifest(
        step=state.step,
        attempt=attempt,
        eval_loss=state.evaluated.get(state.step),
        fingerprint=fingerprint,
        files=files,
    )
    write_synced(aside / MANIFEST_FILE, manifest.model_dump_json(indent=1).encode())
    sync_folder(weights.parent)
    sync_folder(aside)
    return manifest


def restore_checkpoint(checkpoint: Checkpoint, trainee: Trainee) -> TrainState:
    """Put weights, moments and random sources back, and return where the training stood."""
    trainee.stored.put_back(load_file(checkpoint.folder / trainee.stored.file))
    trainee.put_moments_back(load_file(checkpoint.folder / OPTIMIZER_FILE))
    content = json.loads((checkpoint.folder / STATE_FILE).read_bytes())
    restore_rng(load_file(checkpoint.folder / RNG_FILE), content["rng"])
    return TrainState.model_validate(content["state"])


def find_checkpoints(root: Path, *, with_hashes: bool = True) -> tuple[list[Checkpoint], list[str]]:
    """Return the whole checkpoints, newest first, and a line for each broken one."""
    whole, broken = [], []
    for folder in sorted(root.glob("step-*"), reverse=True):
        problem, manifest = _verify(folder, with_hashes=with_hashes)
        if manifest is None:
            broken.append(f"The checkpoint {folder.name} is damaged ({problem}) and was stepped over.")
        else:
            whole.append(Checkpoint(folder, manifest))
    return whole, broken


def refuse_foreign(checkpoint: Checkpoint, fingerprint: Fingerprint) -> None:
    """Check that a checkpoint was made from this data by this recipe.

    Raises:
        BadDataError: other data.
        BadOrderError: another recipe or base model.
    """
    theirs = checkpoint.manifest.fingerprint
    name = checkpoint.folder.name
    if theirs.manifest_id != fingerprint.manifest_id:
        message = f"The checkpoint {name} was made on data {theirs.manifest_id!r}, not on {fingerprint.manifest_id!r}; "
        raise BadDataError(message + "start a new experiment.")
    if theirs != fingerprint:
        raise BadOrderError(f"The checkpoint {name} was made by another recipe; start a new experiment.")


def best_of(checkpoints: list[Checkpoint]) -> Checkpoint | None:
    """Return the checkpoint of the lowest eval loss, the earlier of equals; None where none was evaluated."""
    evaluated = [(c.eval_loss, c.step, c) for c in checkpoints if c.eval_loss is not None]
    return min(evaluated, key=lambda entry: entry[:2])[2] if evaluated else None


def prune(root: Path, *, keep: int) -> None:
    """Remove all but the newest `keep` and the best."""
    whole, _ = find_checkpoints(root, with_hashes=False)
    best = best_of(whole)
    for checkpoint in whole[keep:]:
        if best is None or checkpoint.step != best.step:
            _remove(checkpoint.folder)


def clear_leftovers(root: Path) -> None:
    """Remove what killed attempts left half-made or half-removed."""
    for folder in [*root.glob(".tmp-*"), *root.glob(".del-*")]:
        shutil.rmtree(folder, ignore_errors=True)


def _verify(folder: Path, *, with_hashes: bool) -> tuple[str, CheckpointManifest | None]:
    try:
        manifest = CheckpointManifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
    except (OSError, ValidationError):
        return "its manifest cannot be read", None
    for name, entry in manifest.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != entry.size_bytes:
            return f"{name} is missing or has another size", None
        if with_hashes and sha256_of_file(path) != entry.sha256:
            return f"{name} has another hash", None
    return "", manifest


def _remove(folder: Path) -> None:
    doomed = folder.with_name(f".del-{folder.name}-{os.getpid()}")
    folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
