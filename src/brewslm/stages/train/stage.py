"""The runbook of training. The work itself happens in a worker that outlives this process."""

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness, TrainPlan
from brewslm.core.context import StageContext
from brewslm.core.errors import WorkerError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Training
from brewslm.core.events.reasons import Reason
from brewslm.core.forecast.measured import Measurement, machine_key, shape_key
from brewslm.core.recipe.placement import PlacementSettings
from brewslm.core.stage import Stage
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.result import TrainResult
from brewslm.core.wire.rundir import ADAPTER_FOLDER, MODEL_FOLDER
from brewslm.stages.train.contract import CONTRACT, TrainInputs
from brewslm.stages.train.leaving import leave_curves, leave_results
from brewslm.stages.train.parent import origin_of, pinned_parent


def run(inputs: TrainInputs, context: StageContext) -> Adapter:
    """Order a training, wait for its result, and put the best checkpoint's weights on the shelf."""
    manifest = context.shelf.read(Manifest, inputs.manifest_id)
    readiness = context.shelf.read(Readiness, inputs.readiness_id)
    recipe = readiness.plan.recipe
    experiment = context.open_experiment(inputs.readiness_id)
    parent = pinned_parent(inputs.fork, experiment, context) if inputs.fork is not None else None
    order = TrainOrder(
        base_model=str(context.base_models.locate(recipe.base_model)),
        train_folder=str(context.shelf.path(manifest.split("train").folder)),
        eval_folder=str(context.shelf.path(manifest.split("eval").folder)),
        recipe=recipe,
        manifest_id=manifest.id,
        parent=parent,
    )
    result = context.workers.run(order, name=experiment.folder_name)
    folder = context.workers.folder(experiment.folder_name)
    if not isinstance(result, TrainResult):
        message = f"the worker of {experiment.folder_name} answered a {result.kind!r} order, not a training"
        raise WorkerError(message)
    leave_results(folder, result, recipe)
    _keep_measured(result, readiness.plan, context)
    leave_curves(folder, context.painter)
    part = ADAPTER_FOLDER if recipe.has_adapter else MODEL_FOLDER
    tuned = folder / result.checkpoint / part
    files = context.shelf.reference(sorted(path for path in tuned.iterdir() if path.is_file()))
    return Adapter(
        files=files,
        manifest_id=inputs.manifest_id,
        readiness_id=inputs.readiness_id,
        experiment_id=experiment.id,
        engine=recipe.placement.engine,
        origin=origin_of(parent, context) if parent is not None else None,
        base_model=recipe.base_model,
        form="adapter" if recipe.has_adapter else "model",
        folder=f"experiments/{experiment.folder_name}/{result.checkpoint}/{part}",
        step=result.step,
        total_steps=result.total_steps,
        last_step=result.last_step if result.last_step < result.total_steps else None,
        end=result.end,
        base_eval_loss=result.base_eval_loss,
        eval_loss=result.eval_loss,
        final_train_loss=result.final_train_loss,
        rewards=result.rewards,
    )


def _keep_measured(result: TrainResult, plan: TrainPlan, context: StageContext) -> None:
    """Keep what it took beside what was forecast; not of several attempts, processes or machines."""
    if result.num_attempts != 1 or not result.total_steps or plan.recipe.placement != PlacementSettings():
        return
    share, seconds = result.last_step / result.total_steps, plan.time.uncorrected
    context.measurements.add(
        Measurement(
            machine=machine_key(context.machine.facts()),
            shape=shape_key(plan.recipe, context.base_models.facts(plan.recipe.base_model)),
            memory_forecast_bytes=plan.memory.uncorrected,
            memory_bytes=result.peak_memory_bytes,
            time_forecast_seconds=None if seconds is None else seconds * share,
            seconds=result.training_seconds,
            measured_at=context.clock.now(),
        )
    )


def report(adapter: Adapter) -> Draft:
    """Say what the training gave."""
    steps = f"{adapter.total_steps} steps"
    if adapter.last_step is not None:
        steps = f"{adapter.last_step} of {steps}, ended by {adapter.end.replace('_', ' ')}"
    began = adapter.origin
    origin = "" if began is None else f", from step {began.step} of experiment {began.experiment_id}"
    rewards = "" if adapter.rewards is None else f"; reward accuracy {adapter.rewards.accuracy:.1%}"
    return Draft(
        reason=Reason.TRAINING,
        summary=(
            f"Experiment {adapter.experiment_id} trained {steps}{origin}: eval loss "
            f"{adapter.eval_loss:.4f} at step {adapter.step}, untuned base {adapter.base_eval_loss:.4f}{rewards}"
        ),
        payload=Training(
            experiment_id=adapter.experiment_id,
            adapter_id=adapter.id,
            backend=adapter.engine,
            total_steps=adapter.total_steps,
            best_step=adapter.step,
            base_eval_loss=adapter.base_eval_loss,
            eval_loss=adapter.eval_loss,
            final_train_loss=adapter.final_train_loss,
        ),
    )


TRAIN: Stage[TrainInputs, Adapter] = Stage(
    name="train",
    title="Train",
    inputs=TrainInputs,
    output=Adapter,
    consumes=("manifest", "readiness"),
    contract=CONTRACT,
    run=run,
    report=report,
)
