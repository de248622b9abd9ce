"""What training needs, and what must hold."""

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.base import ManifestId, ReadinessId
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.checkpoints.fork import Fork
from brewslm.core.checkpoints.manifest import DamagedError
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.errors import NotFoundError
from brewslm.core.events.reasons import Reason
from brewslm.core.experiment import experiment_folder
from brewslm.core.finding import Finding, Level
from brewslm.core.launch.machine_checks import LETHAL, machine_findings
from brewslm.core.launch.state import changes_between, state_of
from brewslm.core.overlap.golden import trained_goldens
from brewslm.core.value import Value
from brewslm.core.wire.rundir import RESULTS_FOR_PEOPLE_FILE
from brewslm.stages.train.floor import check_floor
from brewslm.stages.train.leaving import read_results
from brewslm.stages.train.parent import check_parent, has_order


class TrainInputs(Value):
    """A readiness report that says "ready", and the manifest that it judged."""

    readiness_id: ReadinessId
    manifest_id: ManifestId
    fork: Fork | None = None
    """Begin with the weights of an earlier experiment's checkpoint; None begins with the base model."""


def _is_ready(inputs: TrainInputs, context: StageContext) -> Finding | None:
    readiness = context.shelf.read(Readiness, inputs.readiness_id)
    blocks = [finding for finding in readiness.findings if finding.level == "block"]
    if readiness.verdict == "ready":
        return None
    return Finding(
        check="ready",
        level="block",
        seen=f"Preflight blocked this run: {'; '.join(finding.seen for finding in blocks)}",
        next_step="Do what `brewslm preflight` proposes, then start again.",
        reason=Reason.PREFLIGHT_BLOCKED,
    )


def _is_same_manifest(inputs: TrainInputs, context: StageContext) -> Finding | None:
    readiness = context.shelf.read(Readiness, inputs.readiness_id)
    if readiness.manifest_id == inputs.manifest_id:
        return None
    return Finding(
        check="same_manifest",
        level="block",
        seen=f"The plan was made for {readiness.manifest_id!r}, not for {inputs.manifest_id!r}.",
        next_step="Run preflight again.",
        reason=Reason.PREFLIGHT_DATA_CHANGED,
    )


def _has_shards(inputs: TrainInputs, context: StageContext) -> Finding | None:
    manifest = context.shelf.read(Manifest, inputs.manifest_id)
    for file in manifest.files:
        path = context.shelf.path(file.path)
        if not path.is_file() or path.stat().st_size != file.size_bytes:
            return Finding(
                check="shards",
                level="block",
                seen=f"{file.path!r} is missing or has another size than the manifest says.",
                next_step="Prepare the dataset again.",
                reason=Reason.PREFLIGHT_DATA_CHANGED,
            )
    return None


def _no_golden(inputs: TrainInputs, context: StageContext) -> Finding | None:
    found = trained_goldens(context.shelf.read(Manifest, inputs.manifest_id), context)
    if not found:
        return None
    told = "; ".join(f"{one.num_found:,} texts of {one.name!r}, such as {one.first!r}" for one in found)
    return Finding(
        check="no_golden",
        level="block",
        seen=f"Train holds {told}.",
        next_step="Prepare the dataset again; it takes them out of train.",
        reason=Reason.PREFLIGHT_GOLDEN,
    )


def _is_planned_now(inputs: TrainInputs, context: StageContext) -> Finding | None:
    readiness = context.shelf.read(Readiness, inputs.readiness_id)
    if readiness.state is None or is_begun(context):
        return None
    base = context.base_models.facts(readiness.base_model)
    changes = changes_between(readiness.state, state_of(context.project, context.shelf, base))
    if not changes:
        return None
    return Finding(
        check="planned_now",
        level="block",
        seen=f"The project has changed since the plan was made: {'; '.join(changes)}.",
        next_step="Run `brewslm preflight` again, and launch the new plan.",
        reason=Reason.PREFLIGHT_PLAN_CHANGED,
    )


def _suits_machine(inputs: TrainInputs, context: StageContext) -> Finding | None:
    """Ask again what can have changed since preflight, before the first attempt: a later one has a worker running."""
    readiness = context.shelf.read(Readiness, inputs.readiness_id)
    if readiness.state is None or is_begun(context):
        return None
    found = machine_findings(readiness.plan, context)
    blocks = [one for one in found if one.level == "block"]
    if not blocks:
        return None
    level: Level = "block" if readiness.is_strict or any(one.check in LETHAL for one in blocks) else "warn"
    return Finding(
        check="suits_machine",
        level=level,
        seen=f"Since preflight something has changed: {'; '.join(f'{one.check}: {one.seen}' for one in blocks)}."
        if level == "block"
        else f"Launched although {'; '.join(one.seen for one in blocks)}.",
        next_step=" ".join(one.next_step for one in blocks),
        reason=blocks[0].reason,
    )


def is_begun(context: StageContext) -> bool:
    """Whether an earlier life of this job has ordered the training already."""
    own = context.own_experiment()
    return own is not None and has_order(context.workers.folder(own.folder_name))


def _beats_floor(inputs: TrainInputs, context: StageContext) -> Finding | None:
    if context.own_experiment() is not None:  # what has begun is not judged again
        return None
    readiness = context.shelf.read(Readiness, inputs.readiness_id)
    return check_floor(readiness, context.shelf.read(Manifest, inputs.manifest_id), context)


def _has_parent(inputs: TrainInputs, context: StageContext) -> Finding | None:
    if inputs.fork is None or is_begun(context):  # what a training has begun with is in its own run directory
        return None
    recipe = context.shelf.read(Readiness, inputs.readiness_id).plan.recipe
    try:
        problem = check_parent(inputs.fork, recipe, context)
    except NotFoundError as error:
        problem = str(error)
    except DamagedError as error:
        problem = f"{experiment_folder(inputs.fork.experiment_id)}: {error} Name another step of it."
    if problem is None:
        return None
    return Finding(check="parent", level="block", seen=problem, reason=Reason.TRAINING_FORK_REFUSED)


def _has_adapter(output: Adapter, _context: StageContext) -> Finding | None:
    if output.files and output.step >= 1:
        return None
    return Finding(
        check="has_adapter",
        level="block",
        seen="The training ended without a checkpoint.",
        next_step="Read the worker's log.",
        reason=Reason.TRAINING_RUNTIME_ERROR,
    )


def _has_results(output: Adapter, context: StageContext) -> Finding | None:
    name = experiment_folder(output.experiment_id)
    path = context.workers.folder(name) / RESULTS_FOR_PEOPLE_FILE
    try:
        results = read_results(path)
    except (OSError, ValueError) as error:
        seen = f"{path} is not whole: {error}."
    else:
        if (results.best_step, results.metrics["eval"]["loss"]) == (output.step, output.eval_loss):
            return None
        seen = f"{path} tells other figures than the checkpoint has."
    return Finding(
        check="has_results",
        level="block",
        seen=seen,
        next_step=f"Read the worker's log in {path.parent}, then train again.",
        reason=Reason.TRAINING_RESULTS_INCOMPLETE,
    )


CONTRACT: Contract[TrainInputs, Adapter] = Contract(
    before=(
        Before("ready", "The readiness report says that this run can succeed.", _is_ready),
        Before("same_manifest", "The plan was made for this manifest.", _is_same_manifest),
        Before("shards", "Every prepared file is there in its full size.", _has_shards),
        Before("no_golden", "No text of a golden set is in train.", _no_golden),
        Before("planned_now", "Data, golden sets, base model and project are those of the plan.", _is_planned_now),
        Before("suits_machine", "GPU, disk, directory, packages and memory still suit the plan.", _suits_machine),
        Before("beats_floor", "Gate C: a benchmark, where there is one or one is due, lets it pass.", _beats_floor),
        Before("parent", "The checkpoint that a fork begins from is whole and fits the plan.", _has_parent),
    ),
    after=(
        After("has_adapter", "There is an adapter from at least one step.", _has_adapter),
        After(
            "has_results", "The results are complete, beside those of the base, and are the checkpoint's.", _has_results
        ),
    ),
)
