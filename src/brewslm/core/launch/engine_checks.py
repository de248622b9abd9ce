"""Where a training will run, and by how many processes: whether that can be, asked before it begins."""

from brewslm.core.context import StageContext
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding, counted
from brewslm.core.ports.machine import MachineFacts
from brewslm.core.recipe.placement import PlacementSettings


def engine(placement: PlacementSettings, facts: MachineFacts, context: StageContext) -> Finding:
    """Ask the engine whether it would take the training; nothing is started."""
    return _here(placement, facts) if placement.engine == "local" else _elsewhere(placement, context)


def elsewhere(check: str, placement: PlacementSettings) -> Finding:
    """Say of a check of this machine that it says nothing about a cluster."""
    seen = f"the training runs on {placement.engine}, whose machines are not looked at from here"
    return Finding(check=check, level="unknown", seen=seen, next_step="Watch the first steps.")


def _here(placement: PlacementSettings, facts: MachineFacts) -> Finding:
    num = placement.num_processes
    if num == 1:
        return Finding(check="engine", level="ok", seen="this machine, one process")
    asked = f"placement.processes_per_node={num}"
    if facts.gpus and num > len(facts.gpus):
        return Finding(
            check="engine",
            level="block",
            seen=f"{asked}, but this machine has {counted(len(facts.gpus), 'GPU')}",
            next_step=f"Set placement.processes_per_node to {len(facts.gpus)} at most.",
            reason=Reason.PREFLIGHT_GPU,
        )
    seen = f"this machine, {num} processes, which take all of its devices"
    if not facts.gpus and num > facts.num_cores:
        step = "Set placement.processes_per_node to 1: without GPUs one process uses every core."
        return Finding(
            check="engine", level="warn", seen=f"{asked} on {counted(facts.num_cores, 'core')}", next_step=step
        )
    return Finding(check="engine", level="ok", seen=seen)


def _elsewhere(placement: PlacementSettings, context: StageContext) -> Finding:
    look = context.look_at_cluster(placement.engine)
    if look.problem:
        is_silent = look.is_reachable is False
        return Finding(
            check="engine",
            level="unknown" if is_silent else "block",
            seen=f"{placement.engine}: {look.problem}",
            next_step=f"Mend it, then run `brewslm engines check {placement.engine}`.",
            reason=None if is_silent else Reason.PREFLIGHT_DEPENDENCY,
        )
    processes = counted(placement.processes_per_node, "process", "processes")
    where = f"{placement.engine}, {counted(placement.num_nodes, 'node')} with {processes} each"
    waiting = f"; {look.num_waiting} of its jobs wait, {look.num_running} run"
    return Finding(check="engine", level="ok", seen=f"{where}{waiting}")
