"""The checks of preflight. Each answers ok, warn, block or unknown, with what was seen and what to do."""

import hashlib
import os

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import TrainPlan
from brewslm.core.context import StageContext
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding, Level
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.ports.machine import Machine, MachineFacts
from brewslm.core.recipe.recipe import Recipe

NEEDED_PACKAGES = ("torch", "transformers", "peft", "safetensors")
METHOD_PACKAGES = {"qlora": ("bitsandbytes",)}
_MB = 1_000_000


def _finding(check: str, level: Level, seen: str, next_step: str = "", reason: Reason | None = None) -> Finding:
    return Finding(check=check, level=level, seen=seen, next_step=next_step, reason=reason)


def device(machine: MachineFacts) -> Finding:
    """Say what will do the work."""
    if machine.gpus:
        return _finding("device", "ok", f"GPU: {', '.join(machine.gpus)}")
    bfloat16 = "with" if machine.has_fast_bfloat16 else "without"
    return _finding("device", "ok", f"no GPU; {machine.num_cores} CPU cores {bfloat16} fast bfloat16")


def disk(plan: TrainPlan, context: StageContext) -> Finding:
    """Compare free space with checkpoints, logs and head-room for two more checkpoints."""
    free = context.machine.free_disk_bytes(context.shelf.path("."))
    needed = plan.disk.high or 0.0
    seen = f"needs about {needed / _MB:.0f} MB, {free / _MB:.0f} MB free"
    if free < needed:
        return _finding("disk", "block", seen, "Free space, or move BREWSLM_HOME.", Reason.PREFLIGHT_DISK)
    return _finding("disk", "ok", seen)


def data_integrity(manifest: Manifest, context: StageContext) -> Finding:
    """Hash every prepared file again."""
    for file in manifest.files:
        path = context.shelf.path(file.path)
        problem = "is missing"
        if path.is_file():
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256:
                    continue
            problem = "has changed since it was prepared"
        seen, step = f"{file.path} {problem}", "Prepare the dataset again."
        return _finding("data_integrity", "block", seen, step, Reason.PREFLIGHT_DATA_CHANGED)
    empty = [split.name for split in manifest.splits if split.num_examples == 0]
    if empty:
        seen = f"split {empty[0]!r} is empty"
        return _finding("data_integrity", "block", seen, "Import more data.", Reason.PREPARATION_EMPTY_SPLIT)
    return _finding("data_integrity", "ok", f"{len(manifest.files)} files match their hashes")


def configuration(recipe: Recipe, manifest: Manifest, base: BaseModelFacts) -> Finding:
    """Cross-check the recipe with the data and the model; all problems at once."""
    problems = []
    if recipe.data.max_seq_len > base.context_length:
        problems.append(f"data.max_seq_len={recipe.data.max_seq_len} is above the model's {base.context_length}")
    if recipe.data.max_seq_len < manifest.max_seq_len:
        problems.append(
            f"data.max_seq_len={recipe.data.max_seq_len} is below the {manifest.max_seq_len} that the data has"
        )
    if recipe.data.batch_size > manifest.split("train").num_examples:
        problems.append(
            f"data.batch_size={recipe.data.batch_size} is above the {manifest.split('train').num_examples} "
            "train examples"
        )
    if problems:
        step = "Change these values, or prepare the data again with another --max-seq-len."
        return _finding("configuration", "block", "; ".join(problems), step, Reason.PREFLIGHT_BLOCKED)
    return _finding("configuration", "ok", "every value is resolved and has a source")


def checkpoint_directory(context: StageContext) -> Finding:
    """Write, read and delete a file where checkpoints will go."""
    folder = context.workers.folder(".preflight")
    probe = folder / f"probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"brewslm")
        is_same = probe.read_bytes() == b"brewslm"
        probe.unlink()
    except OSError as error:
        seen = f"{folder} cannot be written: {error.strerror}"
        return _finding("checkpoint_directory", "block", seen, "Check its permissions.", Reason.PREFLIGHT_DISK)
    if not is_same:
        seen = f"{folder} gives back other bytes than were written"
        return _finding("checkpoint_directory", "block", seen, "Use another disk.", Reason.PREFLIGHT_DISK)
    return _finding("checkpoint_directory", "ok", "written, read and deleted")


def dependencies(recipe: Recipe, machine: Machine) -> Finding:
    """Look for the packages that the worker imports for this recipe, without importing them."""
    needed = (*NEEDED_PACKAGES, *METHOD_PACKAGES.get(recipe.method, ()))
    versions = {name: machine.package_version(name) for name in needed}
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        seen = f"not installed: {', '.join(missing)}"
        step = "Install them with `pip install 'brewslm[train]'`."
        if not set(missing) & set(NEEDED_PACKAGES):
            seen += f", which method={recipe.method!r} needs"
            step = f"Install it with `pip install 'brewslm[{recipe.method}]'`, or train with method lora."
        return _finding("dependencies", "block", seen, step, Reason.PREFLIGHT_DEPENDENCY)
    return _finding("dependencies", "ok", ", ".join(f"{name} {version}" for name, version in versions.items()))


def memory(plan: TrainPlan, machine: MachineFacts) -> Finding:
    """Compare the forecast with what is free. On a GPU the card's memory is not known here."""
    if machine.gpus:
        return _finding("memory", "unknown", "the GPU's free memory is not read yet", "Watch the first steps.")
    low, high = plan.memory.low or 0.0, plan.memory.high or 0.0
    free = machine.free_memory_bytes
    seen = f"estimated {low / _MB:.0f} to {high / _MB:.0f} MB, {free / _MB:.0f} MB free"
    if low > free:
        return _finding(
            "memory",
            "block",
            seen,
            "Lower data.micro_batch_tokens, or set activation_checkpointing=true.",
            Reason.PREFLIGHT_MEMORY,
        )
    if high > free:
        return _finding("memory", "warn", seen, "Close other programs, or lower data.micro_batch_tokens.")
    return _finding("memory", "ok", seen)


def capability(recipe: Recipe, manifest: Manifest, base: BaseModelFacts) -> Finding:
    """Check that the model is a causal language model, and the one that the data was tokenised for."""
    if not base.architecture.endswith("ForCausalLM"):
        seen = f"{base.name!r} is a {base.architecture}, not a causal language model"
        return _finding("capability", "block", seen, "Name another base model.", Reason.PREFLIGHT_CAPABILITY)
    if manifest.base_model != recipe.base_model:
        seen = f"the data was tokenised for {manifest.base_model!r}, not for {recipe.base_model!r}"
        step = f"Run `brewslm prepare --base-model {recipe.base_model}` first."
        return _finding("capability", "block", seen, step, Reason.PREFLIGHT_CAPABILITY)
    size = f"{base.num_parameters / 1e6:.1f} M parameters"
    return _finding("capability", "ok", f"{base.architecture}, {size}, context {base.context_length}")
