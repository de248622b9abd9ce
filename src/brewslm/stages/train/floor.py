"""Gate C: no long training of a base model that has not beaten what needs no model."""

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.outlook.benchmark import Benchmark, Candidate
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.context import StageContext
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding, Level

_MINUTE = 60.0


def check_floor(readiness: Readiness, manifest: Manifest, context: StageContext) -> Finding | None:
    """Judge by the newest benchmark of this base model on this data, where there is one.

    Where there is none, that alone is refused for plans that are longer than the workspace allows without one. A
    candidate that was not probed may learn yet: it is refused only there, and warned of elsewhere.
    """
    found = newest_measurement(readiness.base_model, manifest, context)
    expected = readiness.plan.time.expected
    longest = context.longest_without_benchmark_minutes
    is_long = longest is not None and expected is not None and expected > longest * _MINUTE
    command = f"brewslm benchmark --project {context.project.id} --models {readiness.base_model}"
    if found is None:
        if not is_long or expected is None:
            return None
        seen = (
            f"The plan takes about {expected / _MINUTE:,.0f} minutes, over the {longest:g} that are allowed before "
            f"{readiness.base_model!r} has been measured on this data."
        )
        return _finding("block", seen, f"Run `{command}`.")
    if found.floor.passed:
        return None
    low, high = found.floor.interval.low, found.floor.interval.high
    what = "accuracy" if found.floor.measure == "accuracy" else "bits per byte"
    how = "without a probe" if found.probed is None else "after the probe"
    seen = (
        f"{readiness.base_model!r} does not beat the floor with 95 % confidence {how}: {what} {found.floor.value:.3f} "
        f"against {found.floor.floor:.3f}, difference [{low:+.3f}, {high:+.3f}]."
    )
    step = f"Choose another base model, look at the data, or measure it after a longer probe: `{command} --probe-steps"
    return _finding("warn" if found.probed is None and not is_long else "block", seen, f"{step} 200`.")


def newest_measurement(base_model: str, manifest: Manifest, context: StageContext) -> Candidate | None:
    """Return what the newest benchmark on this data says of a base model; None where none has measured it."""
    for benchmark in reversed(context.shelf.all(Benchmark)):
        if benchmark.dataset_id != manifest.dataset_id:
            continue
        for candidate in benchmark.candidates:
            if candidate.name == base_model:
                return candidate
    return None


def _finding(level: Level, seen: str, next_step: str) -> Finding:
    reason = Reason.PREFLIGHT_FLOOR if level == "block" else None
    return Finding(check="beats_floor", level=level, seen=seen, next_step=next_step, reason=reason)
