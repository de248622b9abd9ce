"""The runbook of preflight."""

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness, TrainPlan
from brewslm.core.context import StageContext
from brewslm.core.events.base import Draft
from brewslm.core.events.failure import Failure
from brewslm.core.events.lifecycle import Preflight
from brewslm.core.events.reasons import Reason
from brewslm.core.forecast.measured import correct_memory, correct_time, machine_key, shape_key
from brewslm.core.launch.machine_checks import machine_findings
from brewslm.core.launch.state import guard_of, state_of
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.recipe.recipe import Recipe, ValueSource
from brewslm.core.stage import Stage
from brewslm.stages.preflight import data_checks, forecast, run_checks
from brewslm.stages.preflight.budget import affordable_steps, budget
from brewslm.stages.preflight.contract import CONTRACT, PreflightInputs
from brewslm.stages.preflight.gates import gates
from brewslm.stages.preflight.integrity import data_integrity
from brewslm.stages.preflight.memory import gpu_memory, peak_memory
from brewslm.stages.preflight.monitoring import monitoring
from brewslm.stages.preflight.objective import objective
from brewslm.stages.preflight.planning import has_fixed_length, resolve_recipe

LETHAL = frozenset(
    {"data_integrity", "configuration", "checkpoint_directory", "capability", "objective", "mask", "golden_sets"}
)
"""Checks that no leniency passes over: the run could not even begin, or would learn what it must not."""


def run(inputs: PreflightInputs, context: StageContext) -> Readiness:
    """Resolve the recipe, forecast its cost, answer every check, and say whether the run may start."""
    manifest = context.shelf.read(Manifest, inputs.manifest_id)
    base = context.base_models.facts(inputs.base_model)
    machine = context.machine.facts()
    plan = plan_training(inputs, manifest, base, context)
    recipe = plan.recipe
    integrity = data_integrity(manifest, context)
    is_intact = integrity.level == "ok"
    gpu, disk, directory, packages, memory, engine = machine_findings(plan, context)
    findings = (
        gpu,
        disk,
        integrity,
        run_checks.configuration(recipe, manifest, base, machine),
        directory,
        monitoring(context, sends=inputs.tests_alerts),
        packages,
        memory,
        engine,
        run_checks.capability(recipe, manifest, base),
        objective(recipe, manifest, context, is_intact=is_intact),
        data_checks.mask(manifest, base, context, is_intact=is_intact),
        data_checks.goldens(manifest, context, is_intact=is_intact),
        gates(manifest, context, is_intact=is_intact),
        budget(plan),
    )
    blocks = [one.check for one in findings if one.level == "block" and (inputs.is_strict or one.check in LETHAL)]
    state = state_of(context.project, context.shelf, base)
    return Readiness(
        manifest_id=manifest.id,
        base_model=inputs.base_model,
        verdict="blocked" if blocks else "ready",
        is_strict=inputs.is_strict,
        findings=findings,
        plan=plan,
        state=state,
        guard=guard_of(plan, state),
    )


def plan_training(
    inputs: PreflightInputs, manifest: Manifest, base: BaseModelFacts, context: StageContext
) -> TrainPlan:
    """Resolve the recipe and forecast what it takes; within its budget, where the user has not fixed its length."""
    machine, seed = context.machine.facts(), context.project.seed
    recipe, sources = resolve_recipe(inputs, manifest, base, machine, seed=seed)
    plan = _forecast(recipe, sources, manifest, base, context)
    steps = None if has_fixed_length(inputs) else affordable_steps(plan)
    if steps is None:
        return plan
    recipe, sources = resolve_recipe(inputs, manifest, base, machine, seed=seed, max_steps=steps)
    return _forecast(recipe, sources, manifest, base, context)


def _forecast(
    recipe: Recipe, sources: dict[str, ValueSource], manifest: Manifest, base: BaseModelFacts, context: StageContext
) -> TrainPlan:
    machine = context.machine.facts()
    key, shape = machine_key(machine), shape_key(recipe, base)
    alike = [one for one in context.measurements.all() if (one.machine, one.shape) == (key, shape)]
    raw = gpu_memory(recipe, base) if machine.gpus else peak_memory(recipe, manifest, base)
    seconds = correct_time(forecast.time(recipe, manifest, base, machine), alike)
    used = forecast.energy(recipe, seconds, machine)
    return TrainPlan(
        recipe=recipe,
        sources=sources,
        num_trained_tokens=manifest.split("train").num_trained_tokens,
        memory=correct_memory(raw, alike),
        disk=forecast.disk(recipe, base),
        time=seconds,
        tokens=forecast.tokens(recipe, manifest),
        energy=used,
        cost=forecast.cost(recipe, seconds, used),
    )


def report(readiness: Readiness) -> Draft:
    """Say that the run may start, or what stands in the way."""
    blocks = tuple(finding for finding in readiness.findings if finding.level == "block")
    if readiness.verdict == "blocked":
        error = "; ".join(finding.seen for finding in blocks)
        return Draft(
            reason=Reason.PREFLIGHT_BLOCKED,
            summary=f"Preflight blocked the run: {error}",
            payload=Failure(error=error, findings=readiness.findings),
        )
    warnings = [finding.seen for finding in readiness.findings if finding.level == "warn"]
    warned = f"; warned: {'; '.join(warnings)}" if warnings else ""
    passed = f"All {len(readiness.findings)} checks let the run pass"
    if blocks:
        passed = f"Ready, because it was asked not to be strict, although: {'; '.join(one.seen for one in blocks)}"
    return Draft(
        reason=Reason.PREFLIGHT,
        summary=f"{passed}{warned}",
        payload=Preflight(
            readiness_id=readiness.id,
            verdict=readiness.verdict,
            levels={finding.check: finding.level for finding in readiness.findings},
        ),
    )


PREFLIGHT: Stage[PreflightInputs, Readiness] = Stage(
    name="preflight",
    title="Preflight",
    inputs=PreflightInputs,
    output=Readiness,
    consumes=("manifest",),
    contract=CONTRACT,
    run=run,
    report=report,
)
