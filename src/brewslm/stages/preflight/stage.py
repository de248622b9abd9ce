"""The runbook of preflight."""

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness, TrainPlan
from brewslm.core.context import StageContext
from brewslm.core.events.base import Draft
from brewslm.core.events.failure import Failure
from brewslm.core.events.lifecycle import Preflight
from brewslm.core.events.reasons import Reason
from brewslm.core.stage import Stage
from brewslm.stages.preflight import checks, data_checks, forecast
from brewslm.stages.preflight.contract import CONTRACT, PreflightInputs
from brewslm.stages.preflight.memory import peak_memory
from brewslm.stages.preflight.monitoring import monitoring
from brewslm.stages.preflight.objective import objective
from brewslm.stages.preflight.planning import resolve_recipe


def run(inputs: PreflightInputs, context: StageContext) -> Readiness:
    """Resolve the recipe, forecast its cost, answer every check, and say whether the run may start."""
    manifest = context.shelf.read(Manifest, inputs.manifest_id)
    base = context.base_models.facts(inputs.base_model)
    machine = context.machine.facts()
    recipe, sources = resolve_recipe(inputs, manifest, base, machine, seed=context.project.seed)
    plan = TrainPlan(
        recipe=recipe,
        sources=sources,
        num_trained_tokens=manifest.split("train").num_trained_tokens,
        memory=peak_memory(recipe, manifest, base),
        disk=forecast.disk(recipe, base),
        time=forecast.time(recipe, manifest, base, machine),
    )
    integrity = checks.data_integrity(manifest, context)
    findings = (
        checks.device(machine),
        checks.disk(plan, context),
        integrity,
        checks.configuration(recipe, manifest, base),
        checks.checkpoint_directory(context),
        checks.dependencies(recipe, context.machine),
        checks.memory(plan, machine),
        checks.capability(recipe, manifest, base),
        objective(recipe, manifest, context, is_intact=integrity.level == "ok"),
        data_checks.mask(manifest, base, context, is_intact=integrity.level == "ok"),
        data_checks.goldens(manifest, context, is_intact=integrity.level == "ok"),
        monitoring(context),
    )
    is_blocked = any(finding.level == "block" for finding in findings)
    return Readiness(
        manifest_id=manifest.id,
        base_model=inputs.base_model,
        verdict="blocked" if is_blocked else "ready",
        findings=findings,
        plan=plan,
    )


def report(readiness: Readiness) -> Draft:
    """Say that the run may start, or what stands in the way."""
    blocks = tuple(finding for finding in readiness.findings if finding.level == "block")
    if blocks:
        error = "; ".join(finding.seen for finding in blocks)
        return Draft(
            reason=Reason.PREFLIGHT_BLOCKED,
            summary=f"Preflight blocked the run: {error}",
            payload=Failure(error=error, findings=readiness.findings),
        )
    warnings = [finding.seen for finding in readiness.findings if finding.level == "warn"]
    warned = f"; warned: {'; '.join(warnings)}" if warnings else ""
    return Draft(
        reason=Reason.PREFLIGHT,
        summary=f"All {len(readiness.findings)} checks let the run pass{warned}",
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
