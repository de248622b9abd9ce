"""What a checkpoint says about itself: `MANIFEST.json`, written last, sealed by its own hash."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import Field, ValidationError, field_validator

from brewslm.core.errors import ArtifactDamagedError
from brewslm.core.value import Value, sha256_of
from brewslm.core.wire.rundir import MANIFEST_FILE

OPTIMIZER_FILE = "optimizer.safetensors"
RNG_FILE = "rng.safetensors"
STATE_FILE = "state.json"

_NAME = re.compile(r"step-(\d{6,})\.e(\d+)")


class DamagedError(ArtifactDamagedError):
    """A checkpoint is not what was saved."""

    def __init__(self, checkpoint: str, file: str, what: str) -> None:
        """Name the checkpoint, the file in it, and what is wrong with that."""
        super().__init__(f"The checkpoint {checkpoint} is damaged: {file} {what}.")


class Fingerprint(Value):
    """What a checkpoint belongs to; it is refused anywhere else."""

    manifest_id: str
    recipe_hash: str
    base_model: str


class FileEntry(Value):
    """One file of a checkpoint."""

    size_bytes: int = Field(ge=0)
    sha256: str
    blocks: tuple[int, ...]
    """CRC-32 of each block of `BLOCK_BYTES`: says where a file differs, where its hash says that it does."""


class Health(Value):
    """That every number is finite, and how large the numbers are: what makes a checkpoint a good one."""

    largest_weight: float = Field(allow_inf_nan=False)
    largest_moment: float = Field(allow_inf_nan=False)


class CheckpointManifest(Value):
    """Everything about a checkpoint but its content."""

    version: int = 2
    step: int
    attempt: int
    eval_loss: float | None
    fingerprint: Fingerprint
    health: Health
    files: dict[str, FileEntry]
    seal: str = ""
    """SHA-256 of all the other fields."""

    @field_validator("files")
    @classmethod
    def _stays_inside(cls, files: dict[str, FileEntry]) -> dict[str, FileEntry]:
        for name in files:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or "\0" in name:
                message = f"{name!r} is outside the checkpoint"
                raise ValueError(message)
        return files

    def sealed(self) -> "CheckpointManifest":
        """Return the manifest with its seal."""
        return self.model_copy(update={"seal": sha256_of(self.model_dump(mode="json", exclude={"seal"}))})


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


def folder_name(*, step: int, attempt: int) -> str:
    """Return the name under which a checkpoint is visible."""
    return f"step-{step:06d}.e{attempt}"


def visible_folders(root: Path) -> list[Path]:
    """Return the folders that are checkpoints by their name, newest first: by attempt, then by step.

    A later attempt may have gone back on purpose, so what it saved is newer than a higher step of an earlier one.
    """
    found = [(match, path) for path in root.glob("step-*") if (match := _NAME.fullmatch(path.name))]
    return [path for match, path in sorted(found, key=lambda pair: (int(pair[0][2]), int(pair[0][1])), reverse=True)]


def read_manifest(folder: Path) -> CheckpointManifest:
    """Read the manifest in `folder`.

    Raises:
        DamagedError: it cannot be read, was changed, or is of another checkpoint.
    """
    try:
        manifest = CheckpointManifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
    except OSError as error:
        raise DamagedError(folder.name, MANIFEST_FILE, f"cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise DamagedError(folder.name, MANIFEST_FILE, f"is not a manifest ({place}: {first['msg']})") from error
    if manifest.sealed() != manifest:
        raise DamagedError(folder.name, MANIFEST_FILE, "was changed: its seal does not fit")
    if folder.name != (name := folder_name(step=manifest.step, attempt=manifest.attempt)):
        raise DamagedError(folder.name, MANIFEST_FILE, f"is that of {name}")
    return manifest
