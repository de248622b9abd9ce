"""What is asked of the worker of a candidate, and what it answers."""

from pathlib import Path
from typing import TYPE_CHECKING

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.errors import WorkerError
from brewslm.core.events.reasons import Reason
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import LabelledRows, ProbeOrder
from brewslm.core.wire.result import ProbeResult, Result
from brewslm.services.benchmarking.sampling import Contestant, Sample
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.supervision import Supervisor, read_result
from brewslm.services.ports import Ports
from brewslm.stages.preflight.contract import PreflightInputs, Scalar
from brewslm.stages.preflight.planning import resolve_recipe

if TYPE_CHECKING:
    from brewslm.services.flows import FlowRun

NUM_LOOKS = 4
"""Evaluations in a probe: enough to see how its curve bends."""


def orders_of(
    sample: Sample,
    manifest: Manifest,
    run: "FlowRun",
    *,
    probe_steps: int,
    overrides: dict[str, Scalar] | None = None,
) -> tuple[ProbeOrder, ...]:
    """Return what is asked of each candidate: to score, and to train `probe_steps` steps by the recipe of its plan."""
    labelled = _labelled(sample, manifest)
    return tuple(
        ProbeOrder(
            name=one.facts.name,
            model_folder=str(one.facts.folder),
            train_folder=str(one.train_folder),
            eval_folder=str(one.eval_folder),
            recipe=_probe_recipe(one, manifest, run, probe_steps, overrides or {}) if probe_steps else None,
            manifest_id=manifest.id,
            allowed_labels=manifest.labels,
            labelled=labelled,
        )
        for one in sample.contestants
    )


def measure(order: ProbeOrder, ports: Ports, claim: Claim, folder: Path) -> ProbeResult:
    """Have a worker measure one candidate for a claimed job, in the run directory `folder`.

    Raises:
        WorkerError: the worker ended without a result.
        CancelledError: the job was cancelled.
    """
    return _probed(Supervisor(ports, claim, folder.parent).run(order, name=folder.name), folder)


def measured_before(order: ProbeOrder, folder: Path) -> ProbeResult:
    """Return what was measured in a run directory.

    Raises:
        WorkerError: it cannot be read.
    """
    return _probed(read_result(folder, order), folder)


def _probed(result: Result, folder: Path) -> ProbeResult:
    """Take a worker's answer for what it has to be.

    Raises:
        WorkerError: it answers something else.
    """
    if not isinstance(result, ProbeResult):
        message = f"the worker in {folder.name} answered a {result.kind!r} order, not a probe"
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
