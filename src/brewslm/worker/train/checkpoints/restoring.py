"""From a checkpoint on disk back to a training."""

import math
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from brewslm.core.checkpoints.manifest import (
    OPTIMIZER_FILE,
    RNG_FILE,
    STATE_FILE,
    Checkpoint,
    DamagedError,
    Fingerprint,
    visible_folders,
)
from brewslm.core.checkpoints.verification import verify
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.parent import Parent
from brewslm.core.wire.rundir import MANIFEST_FILE
from brewslm.worker.failure import BadDataError, BadOrderError
from brewslm.worker.files import Disk
from brewslm.worker.train.checkpoints.keeping import clear_leftovers, set_aside
from brewslm.worker.train.checkpoints.snapshot import largest_number
from brewslm.worker.train.checkpoints.trained import Trainee
from brewslm.worker.train.state import StateFile, TrainState, random_state, restore_random_state


@dataclass(frozen=True, slots=True)
class _Content:
    """What a checkpoint holds, read and checked."""

    weights: dict[str, Tensor]
    moments: dict[str, Tensor]
    random: dict[str, Tensor]
    state: StateFile


def resume(
    root: Path, trainee: Trainee, *, fingerprint: Fingerprint, disk: Disk
) -> tuple[TrainState | None, list[str]]:
    """Put the newest checkpoint that is whole back into `trainee` and the random sources.

    What is damaged is stepped over and set aside, as is what belongs to another run where something fits.

    Returns:
        Where the training stood, None where it begins; and a line for each checkpoint that was stepped over.

    Raises:
        BadDataError: what is there was made on other data.
        BadOrderError: what is there was made by another recipe or on another base model.
    """
    clear_leftovers(root, disk)
    notices: list[str] = []
    foreign: list[Checkpoint] = []
    state = None
    for folder in visible_folders(root):
        try:
            checkpoint = verify(folder, with_hashes=True)
            if checkpoint.manifest.fingerprint != fingerprint:
                foreign.append(checkpoint)
                continue
            state = _restore(_read(checkpoint, trainee), trainee)
        except DamagedError as error:
            notices.append(f"{error} It was stepped over, and is kept as {set_aside(folder, disk).name}.")
        else:
            break
    if state is None and foreign:
        _refuse(foreign[0], fingerprint)
    for checkpoint in foreign:
        kept_as = set_aside(checkpoint.folder, disk).name
        notices.append(f"The checkpoint {checkpoint.folder.name} is of another run; it is kept as {kept_as}.")
    return state, notices


def begin_from(parent: Parent, trainee: Trainee, *, recipe: Recipe) -> None:
    """Give `trainee` the weights of another training's checkpoint; optimiser and random sources stay as they are.

    Raises:
        BadOrderError: they are no weights of what this recipe trains.
        DamagedError: they are not what was saved.
    """
    mismatch = parent.mismatch(recipe)
    if mismatch is not None:
        raise BadOrderError(mismatch)
    weights_file = trainee.stored.file
    checkpoint = verify(Path(parent.folder), with_hashes=True, part=weights_file.partition("/")[0])
    if checkpoint.manifest.seal != parent.seal:
        raise DamagedError(checkpoint.folder.name, MANIFEST_FILE, "is not the one that the order names")
    trainee.stored.put_back(read_tensors(checkpoint, weights_file, like=trainee.stored.tensors()))


def _refuse(checkpoint: Checkpoint, fingerprint: Fingerprint) -> None:
    theirs, name = checkpoint.manifest.fingerprint, checkpoint.folder.name
    if theirs.manifest_id != fingerprint.manifest_id:
        message = f"The checkpoint {name} was made on data {theirs.manifest_id!r}, not on {fingerprint.manifest_id!r}; "
        raise BadDataError(message + "start a new experiment.")
    if theirs.base_model != fingerprint.base_model:
        message = f"The checkpoint {name} was made on the base model {theirs.base_model!r}, not on "
        raise BadOrderError(f"{message}{fingerprint.base_model!r}; start a new experiment.")
    raise BadOrderError(f"The checkpoint {name} was made by another recipe; start a new experiment.")


def _restore(content: _Content, trainee: Trainee) -> TrainState:
    trainee.stored.put_back(content.weights)
    trainee.put_moments_back(content.moments)
    restore_random_state(content.random, content.state.random)
    return content.state.state


def _read(checkpoint: Checkpoint, trainee: Trainee) -> _Content:
    """Read everything, and check that it fits, before anything is put back.

    Raises:
        DamagedError: a file does not hold what this training needs.
    """
    weights_file = trainee.stored.file
    weights = read_tensors(checkpoint, weights_file, like=trainee.stored.tensors())
    moments = _moments(checkpoint, trainee)
    sources, _ = random_state()
    here = {name: tensor for name, tensor in sources.items() if not name.startswith("cuda")}
    random = _tensors(checkpoint, RNG_FILE)
    _refuse_unlike(checkpoint, RNG_FILE, {name: random[name] for name in here if name in random}, here)
    return _Content(weights, moments, random, _state(checkpoint))


def _moments(checkpoint: Checkpoint, trainee: Trainee) -> dict[str, Tensor]:
    moments = _tensors(checkpoint, OPTIMIZER_FILE)
    of_weights = dict(trainee.model.named_parameters())
    for full_name, tensor in moments.items():
        name = full_name.partition("/")[2]
        if name not in of_weights or tensor.shape not in (of_weights[name].shape, ()):
            raise DamagedError(checkpoint.folder.name, OPTIMIZER_FILE, f"holds {full_name!r}, which fits no weight")
    kinds = {full_name.partition("/")[0] for full_name in moments}
    missing = {f"{kind}/{name}" for kind in kinds for name in trainee.names()} - set(moments)
    if missing or not kinds:
        raise DamagedError(checkpoint.folder.name, OPTIMIZER_FILE, f"lacks {min(missing, default='every moment')!r}")
    _refuse_not_finite(checkpoint, OPTIMIZER_FILE, moments)
    return moments


def _state(checkpoint: Checkpoint) -> StateFile:
    try:
        return StateFile.model_validate_json((checkpoint.folder / STATE_FILE).read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        what = f"is not understood ({'.'.join(map(str, first['loc']))}: {first['msg']})"
        raise DamagedError(checkpoint.folder.name, STATE_FILE, what) from error


def read_tensors(checkpoint: Checkpoint, file: str, *, like: dict[str, Tensor]) -> dict[str, Tensor]:
    """Read a file that must hold exactly the names, shapes and dtypes of `like`, and finite numbers.

    Raises:
        DamagedError: it does not.
    """
    found = _tensors(checkpoint, file)
    _refuse_unlike(checkpoint, file, found, like)
    _refuse_not_finite(checkpoint, file, found)
    return found


def _tensors(checkpoint: Checkpoint, file: str) -> dict[str, Tensor]:
    if file not in checkpoint.manifest.files:
        raise DamagedError(checkpoint.folder.name, file, "is not in its manifest")
    try:
        return load_file(checkpoint.folder / file)
    except (SafetensorError, OSError, ValueError) as error:
        raise DamagedError(checkpoint.folder.name, file, f"has no header that can be trusted ({error})") from error


def _refuse_unlike(checkpoint: Checkpoint, file: str, found: dict[str, Tensor], like: dict[str, Tensor]) -> None:
    for name in sorted(found.keys() | like.keys()):
        if name not in found or name not in like:
            what = f"lacks {name!r}" if name in like else f"holds {name!r}, which fits nothing"
            raise DamagedError(checkpoint.folder.name, file, what)
        ours, theirs = (f"{tuple(tensor.shape)} {tensor.dtype}" for tensor in (like[name], found[name]))
        if ours != theirs:
            raise DamagedError(checkpoint.folder.name, file, f"holds {name!r} as {theirs}, not as {ours}")


def _refuse_not_finite(checkpoint: Checkpoint, file: str, tensors: dict[str, Tensor]) -> None:
    name, size = largest_number(tensors)
    if not math.isfinite(size):
        raise DamagedError(checkpoint.folder.name, file, f"holds numbers that are not finite, in {name!r}")
