"""One worker measures all candidates, on the rows that were drawn for them."""

from typing import TYPE_CHECKING

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.errors import WorkerError
from brewslm.core.events.reasons import Reason
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import BenchmarkOrder, LabelledRows, ProbedModel
from brewslm.core.wire.result import BenchmarkResult
from brewslm.services.benchmarking.sampling import Contestant, Sample
from brewslm.services.jobs.supervision import Supervisor
from brewslm.stages.preflight.contract import PreflightInputs, Scalar
from brewslm.stages.preflight.planning import resolve_recipe

if TYPE_CHECKING:
    from brewslm.services.flows import FlowRun

NUM_LOOKS = 4
"""Evaluations in a probe: enough to see how its curve bends."""


def measure(
    sample: Sample,
    manifest: Manifest,
    run: "FlowRun",
    *,
    probe_steps: int,
    overrides: dict[str, Scalar] | None = None,
) -> BenchmarkResult:
    """Score every candidate, and train each for `probe_steps` steps by the recipe that its plan would have.

    Raises:
        WorkerError: the worker ended without a result.
        CancelledError: the job was cancelled.
    """
    recipes = [
        _probe_recipe(one, manifest, run, probe_steps, overrides or {}) if probe_steps else None
        for one in sample.contestants
    ]
    order = BenchmarkOrder(
        manifest_id=manifest.id,
        models=tuple(
            ProbedModel(
                name=one.facts.name,
                model_folder=str(one.facts.folder),
                train_folder=str(one.train_folder),
                eval_folder=str(one.eval_folder),
                recipe=recipe,
            )
            for one, recipe in zip(sample.contestants, recipes, strict=True)
        ),
        allowed_labels=manifest.labels,
        labelled=_labelled(sample, manifest),
    )
    job = run.claim.job
    name = f"{job.kind}-{job.id}"
    result = Supervisor(run.ports, run.claim, run.shelf.path("experiments")).run(order, name=name)
    if not isinstance(result, BenchmarkResult):
        message = f"the worker in {name} answered a {result.kind!r} order, not a benchmark"
        raise WorkerError(message, reason=Reason.EVALUATION_RUNTIME_ERROR)
    return result


def _labelled(sample: Sample, manifest: Manifest) -> LabelledRows | None:
    if manifest.shape != "classification":
        return None
    return LabelledRows(
        name="eval",
        prompts=tuple(example.messages[:-1] for example in sample.examples),
        labels=tuple(example.label or "" for example in sample.examples),
    )


def _probe_recipe(
    one: Contestant, manifest: Manifest, run: "FlowRun", probe_steps: int, overrides: dict[str, Scalar]
) -> Recipe:
    """Return the plan of a short run: its learning rate rises and falls within it, as that of a long one does."""
    job = run.claim.job
    with run.ports.storage.read() as transaction:
        seed = transaction.projects.get(job.project_id).seed
    fixed: dict[str, Scalar] = {
        "data.total_steps": probe_steps,
        "monitor.eval_every": max(probe_steps // NUM_LOOKS, 1),
        "monitor.checkpoint_every": max(probe_steps // NUM_LOOKS, 1),
        "monitor.keep_checkpoints": 1,
        "data.max_seq_len": min(manifest.max_seq_len, one.facts.context_length),
    }
    inputs = PreflightInputs(
        manifest_id=manifest.id, base_model=str(one.facts.folder), overrides={**overrides, **fixed}
    )
    recipe, _ = resolve_recipe(inputs, manifest, one.facts, run.ports.machine.facts(), seed=seed)
    return recipe
