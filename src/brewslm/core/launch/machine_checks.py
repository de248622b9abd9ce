"""Checks of what can change between a plan and its launch. Preflight answers them, and the launch asks them again."""

import os
from collections.abc import Iterator
from pathlib import Path

from brewslm.core.artifacts.readiness import TrainPlan
from brewslm.core.context import StageContext
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding, Level
from brewslm.core.launch.engine_checks import elsewhere, engine
from brewslm.core.launch.versions import TRAINING, needed_by, versions_now
from brewslm.core.ports.machine import GpuState, MachineFacts
from brewslm.core.recipe.recipe import Recipe

LETHAL = frozenset({"checkpoint_directory"})
"""Of these checks the one that no leniency passes over: without it no run can begin."""
_MB = 1_000_000
_GIB = 1 << 30
_OTHERS_BYTES = _GIB
"""Memory of a GPU up to which others do not count: a desktop, or the driver itself, takes some hundreds of MiB."""
_PROBE = b"brewslm " * 512


def machine_findings(plan: TrainPlan, context: StageContext) -> tuple[Finding, ...]:
    """Answer all of them."""
    facts, gpus, placement = context.machine.facts(), context.machine.gpus(), plan.recipe.placement
    is_here = placement.engine == "local"
    return (
        gpu(facts, gpus, device=context.device) if is_here else elsewhere("gpu", placement),
        disk(plan, context),
        checkpoint_directory(context),
        dependencies(plan.recipe, context),
        memory_fit(plan, facts, gpus, device=context.device) if is_here else elsewhere("memory_fit", placement),
        engine(placement, facts, context),
    )


def _finding(check: str, level: Level, seen: str, next_step: str = "", reason: Reason | None = None) -> Finding:
    return Finding(check=check, level=level, seen=seen, next_step=next_step, reason=reason)


def gpu(facts: MachineFacts, gpus: tuple[GpuState, ...], *, device: str | None = None) -> Finding:
    """Say what will do the work, and whether somebody else uses it.

    Args:
        facts: of the machine.
        gpus: as they are now.
        device: the one that this run is on, `gpu:0`; None where that is not decided yet.
    """
    if not facts.gpus:
        pays = "fast bfloat16, which pays" if facts.has_fast_bfloat16 else "no fast bfloat16, so float32 pays"
        return _finding("gpu", "ok", f"no GPU; {facts.num_cores} CPU cores with {pays}")
    if len(gpus) != len(facts.gpus):
        seen = f"{', '.join(facts.gpus)}: the driver does not say how {'it is' if len(facts.gpus) == 1 else 'they are'}"
        return _finding("gpu", "block", seen, "Look at what `nvidia-smi` says.", Reason.PREFLIGHT_GPU)
    asked = [(number, gpus[number]) for number in _numbers(device, len(gpus))]
    busy = [f"{state.name} ({number}) {told}" for number, state in asked if (told := _others(state))]
    free = [f"{state.name} ({number}), {state.free_bytes / _GIB:.1f} GiB free" for number, state in asked]
    if not busy:
        return _finding("gpu", "ok", f"GPU: {'; '.join(free)}")
    step = "End what uses it, wait for it, or choose another GPU with CUDA_VISIBLE_DEVICES."
    if len(busy) < len(asked):
        return _finding("gpu", "warn", f"of {len(asked)} GPUs {'; '.join(busy)}", step)
    return _finding("gpu", "block", "; ".join(busy), step, Reason.PREFLIGHT_GPU)


def _numbers(device: str | None, count: int) -> Iterator[int]:
    """Yield the number of the GPU that is named, of all where none is."""
    _, _, number = (device or "").partition(":")
    yield from [int(number)] if number.isdigit() and int(number) < count else range(count)


def _others(state: GpuState) -> str:
    """Say who else uses it; empty where nobody of weight does."""
    others = [one for one in state.processes if not one.is_worker]
    theirs = sum(one.memory_bytes or 0 for one in others)
    if theirs > _OTHERS_BYTES:
        who = ", ".join(f"process {one.pid}" for one in others)
        return f"is used by {who} ({theirs / _GIB:.1f} GiB)"
    is_ours = any(one.is_worker for one in state.processes)
    if state.used_bytes > _OTHERS_BYTES and not is_ours:
        return f"has {state.used_bytes / _GIB:.1f} GiB in use, by whom cannot be seen from here"
    return ""


def disk(plan: TrainPlan, context: StageContext) -> Finding:
    """Compare free space with what the run writes, and head-room for two more checkpoints."""
    free = context.machine.free_disk_bytes(context.workers.folder(".preflight"))
    needed = plan.disk.high or 0.0
    seen = f"needs about {needed / _MB:,.0f} MB, {free / _MB:,.0f} MB free"
    if free < needed:
        step = "Free space, lower monitor.keep_checkpoints, or move BREWSLM_HOME."
        return _finding("disk", "block", seen, step, Reason.PREFLIGHT_DISK)
    return _finding("disk", "ok", seen)


def checkpoint_directory(context: StageContext) -> Finding:
    """Write, move, read and delete a file where checkpoints will go, and see on which file system that is."""
    folder = context.workers.folder(".preflight")
    name = f"probe-{os.getpid()}-{context.job_id}"  # jobs of one process may look at the same moment
    written, moved = folder / f"{name}.tmp", folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with written.open("wb") as file:
            file.write(_PROBE)
            file.flush()
            os.fsync(file.fileno())
        written.replace(moved)
        is_same = moved.read_bytes() == _PROBE
        moved.unlink()
        is_one_disk = _device(folder) == _device(context.shelf.path("."))
    except OSError as error:
        seen = f"{folder} cannot be written: {error.strerror}"
        return _finding("checkpoint_directory", "block", seen, "Check its permissions.", Reason.PREFLIGHT_DISK)
    if not is_same:
        seen = f"{folder} gives back other bytes than were written"
        return _finding("checkpoint_directory", "block", seen, "Use another disk.", Reason.PREFLIGHT_DISK)
    if not is_one_disk:
        seen = f"{folder.parent} is on another file system than its project: free space is measured there"
        return _finding("checkpoint_directory", "warn", seen, "Nothing, where that is meant.")
    return _finding("checkpoint_directory", "ok", "written, moved, read and deleted, on the file system of the project")


def _device(folder: Path) -> int:
    return folder.stat().st_dev


def dependencies(recipe: Recipe, context: StageContext) -> Finding:
    """Look for the packages that the worker imports for this recipe and at their versions, without importing them."""
    versions = versions_now(recipe, context.machine)
    wrong = {one.name: text for one in needed_by(recipe) if (text := one.problem(versions[one.name]))}
    if not wrong:
        told = ", ".join(f"{name} {version}" for name, version in versions.items())
        return _finding("dependencies", "ok", told)
    seen, extra = "; ".join(wrong.values()), "train"
    if not set(wrong) & {one.name for one in TRAINING}:
        extra = recipe.method
        seen += f" (for method={recipe.method!r})"
    step = f"Install them with `pip install 'brewslm[{extra}]'`."
    if extra != "train":
        step = f"Install it with `pip install 'brewslm[{extra}]'`, or train with method lora."
    return _finding("dependencies", "block", seen, step, Reason.PREFLIGHT_DEPENDENCY)


def memory_fit(
    plan: TrainPlan, facts: MachineFacts, gpus: tuple[GpuState, ...], *, device: str | None = None
) -> Finding:
    """Compare the forecast with what is free: of the GPU with the most room, or of the machine."""
    states = [gpus[number] for number in _numbers(device, len(gpus))]
    if facts.gpus and not states:
        return _finding("memory_fit", "unknown", "the driver does not say what is free", "Watch the first steps.")
    free = max((one.free_bytes for one in states), default=facts.free_memory_bytes)
    low, high = plan.memory.low or 0.0, plan.memory.high
    if high is None:
        seen = f"at least {low / _MB:,.0f} MB, {free / _MB:,.0f} MB free; activations were not measured on this GPU yet"
    else:
        seen = f"{plan.memory.provenance}: {low / _MB:,.0f} to {high / _MB:,.0f} MB, {free / _MB:,.0f} MB free"
    if low > free:
        step = "Lower data.micro_batch_tokens, set activation_checkpointing=true, or close other programs."
        return _finding("memory_fit", "block", seen, step, Reason.PREFLIGHT_MEMORY)
    if high is None:
        return _finding("memory_fit", "unknown", seen, "Watch the first steps.")
    if high > free:
        step = "Close other programs, lower data.micro_batch_tokens, or set activation_checkpointing=true."
        return _finding("memory_fit", "warn", seen, step)
    return _finding("memory_fit", "ok", seen)
