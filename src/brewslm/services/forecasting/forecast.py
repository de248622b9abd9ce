"""The forecast flow: score the base, train a little where that is allowed, and say what the plan will come to."""

import math
from collections import Counter
from typing import Any

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.outlook.forecast import Forecast
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.errors import BaseModelError, InvalidRequestError, NotFoundError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Autopilot
from brewslm.core.events.reasons import Reason
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.result import ModelMeasurement
from brewslm.services.benchmarking.labels import majority_of, trained_labels
from brewslm.services.benchmarking.measuring import measure, orders_of
from brewslm.services.benchmarking.sampling import Sample, draw_sample
from brewslm.services.flows import FlowOutcome, FlowRun
from brewslm.services.forecasting.prediction import FEW_ROWS, Planned, Seen, chance_of, outlook_of, predict_loss
from brewslm.services.recording import record_of
from brewslm.services.requests import ForecastRequest
from brewslm.stages.preflight.contract import Scalar

_COPIED = (
    *("optim.learning_rate", "data.batch_size", "data.gradient_accumulation_steps"),
    *("lora.lora_rank", "lora.lora_alpha", "precision"),
)
"""Fields in which the probe is as the plan; its length, and what depends on it, are its own."""
MOST_OF_RUN = 4
"""The probe is at most this fraction's inverse of the run: a longer one might as well be the run."""


def forecast_flow(payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
    """Measure, and predict."""
    request = ForecastRequest.model_validate(payload)
    job, shelf = run.claim.job, run.shelf
    readiness_id = request.readiness_id or run.current("preflight")
    if readiness_id is None:
        project = job.project_id
        raise NotFoundError(f"project {project} has no plan; make one with `brewslm preflight --project {project}`")
    readiness = shelf.read(Readiness, readiness_id)
    manifest, recipe = shelf.read(Manifest, readiness.manifest_id), readiness.plan.recipe
    if recipe.mode not in {"sft", "continued_pretraining"} or not recipe.has_adapter:
        message = (
            f"the plan is {recipe.method!r} with {recipe.mode!r}, and forecasts are of adapters that learn answers "
            "(sft) or texts (continued_pretraining); plan such a run, or start this one without a forecast"
        )
        raise InvalidRequestError(message)
    seed = run.projects.get(job.project_id).seed
    try:
        sample = draw_sample((readiness.base_model,), manifest, shelf, run.ports, num_rows=request.sample, seed=seed)
    finally:
        shelf.discard_drafts()
    total_steps = recipe.data.total_steps or 1
    probe_steps = min(request.probe_steps, max(total_steps // MOST_OF_RUN, 1))
    (order,) = orders_of(sample, manifest, run, probe_steps=probe_steps, overrides=_as_planned(recipe))
    result = measure(order, run.ports, run.claim, shelf.path(f"experiments/{job.kind}-{job.id}"))
    if result.measured is None:
        raise BaseModelError(result.problem, reason=Reason.EVALUATION_RUNTIME_ERROR)
    seen = _seen(result.measured, sample, manifest, run)
    plan = Planned(
        probe_steps=probe_steps,
        total_steps=total_steps,
        num_train_rows=manifest.split("train").num_examples,
        num_test_rows=manifest.split("test").num_examples,
    )
    made = _forecast(readiness, sample, seen, plan)
    event = Draft(
        reason=Reason.AUTOPILOT,
        summary=f"Forecast: {made.outlook} to beat the base by the gates ({made.probability:.0%}), eval loss "
        f"{made.loss.expected:.4f} [{made.loss.low:.4f}, {made.loss.high:.4f}], untuned {made.base_loss:.4f}",
        payload=Autopilot(stages=("forecast",), verdict=made.outlook),
    )
    record = record_of(made, job, parents=(readiness.id, manifest.id), created_at=run.ports.clock.now())
    return FlowOutcome(artifact_id=made.id, event=event, made=record)


def _as_planned(recipe: Recipe) -> dict[str, Scalar]:
    values = recipe.model_dump(mode="json")
    found: dict[str, Scalar] = {}
    for name in _COPIED:
        group, _, leaf = name.partition(".")
        found[name] = values[group][leaf] if leaf else values[group]
    return found


def _seen(measured: ModelMeasurement, sample: Sample, manifest: Manifest, run: FlowRun) -> Seen:
    probed = measured.probed
    truth = [example.label or "" for example in sample.examples]
    is_labelled = manifest.shape == "classification"
    trained = trained_labels(manifest, run.shelf, run.ports.tables) if is_labelled else []
    majority = majority_of(trained)
    return Seen(
        base_losses=measured.zero_shot.losses,
        probed_losses=None if probed is None else probed.losses,
        num_tokens=sample.num_trained[0],
        hits=[guess == right for guess, right in zip(probed.labels, truth, strict=True)]
        if is_labelled and probed is not None
        else None,
        majority_hits=[majority == right for right in truth] if is_labelled else None,
        prior_loss=_prior_loss(trained, truth) if is_labelled else None,
    )


def _prior_loss(trained: list[str], truth: list[str]) -> float:
    """Return the mean cost of the right labels under their shares of train, nats; one is added to each count."""
    counts, kinds = Counter(trained), len(set(trained) | set(truth))
    return -sum(math.log((counts[label] + 1) / (len(trained) + kinds)) for label in truth) / len(truth)


def _forecast(readiness: Readiness, sample: Sample, seen: Seen, plan: Planned) -> Forecast:
    probability = chance_of(seen, plan)
    return Forecast(
        files=sample.files,
        readiness_id=readiness.id,
        manifest_id=readiness.manifest_id,
        base_model=readiness.base_model,
        outlook=outlook_of(probability),
        probability=probability,
        base_loss=seen.base_loss,
        loss=predict_loss(seen, plan),
        probe_steps=plan.probe_steps if seen.probed_losses is not None else 0,
        total_steps=plan.total_steps,
        num_rows=len(sample.examples),
        facts=tuple(_facts(seen, plan)),
    )


def _facts(seen: Seen, plan: Planned) -> list[str]:
    found = [f"{plan.num_train_rows:,} train rows, {plan.num_test_rows:,} test rows"]
    if plan.num_train_rows < FEW_ROWS:
        found.append(f"fewer than {FEW_ROWS} train rows are mostly learnt by heart")
    if seen.probed_losses is None:
        return [*found, "nothing was trained to see how the loss falls, so the interval is only assumed"]
    loss = sum(seen.probed_losses) / sum(seen.num_tokens)
    found.append(
        f"{plan.probe_steps} of {plan.total_steps} steps took the loss from {seen.base_loss:.4f} to {loss:.4f}"
    )
    if seen.hits is not None and seen.majority_hits is not None:
        share, usual = sum(seen.hits) / len(seen.hits), sum(seen.majority_hits) / len(seen.hits)
        found.append(f"after them {share:.1%} of the labels are right, {usual:.1%} by always naming the most frequent")
    return found
