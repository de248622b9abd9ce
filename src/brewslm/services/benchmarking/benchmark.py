"""The benchmark flow: base models side by side on the project's own rows."""

import importlib.metadata
from collections.abc import Sequence
from typing import Any

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.outlook.benchmark import Benchmark, Failed
from brewslm.core.errors import BaseModelError, NotFoundError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Autopilot
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId
from brewslm.core.wire.result import ProbeResult
from brewslm.services.benchmarking.candidates import measure_each
from brewslm.services.benchmarking.floor import unigram_losses
from brewslm.services.benchmarking.identity import model_hash
from brewslm.services.benchmarking.labels import majority_of, trained_labels
from brewslm.services.benchmarking.measuring import orders_of
from brewslm.services.benchmarking.ranking import Measured, Rows, rank
from brewslm.services.benchmarking.sampling import Sample, draw_sample
from brewslm.services.flows import FlowOutcome, FlowRun
from brewslm.services.recording import record_of
from brewslm.services.requests import BenchmarkRequest
from brewslm.services.shelf import ProjectShelf


def benchmark_flow(payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
    """Draw rows, measure every candidate on them, and rank."""
    request = BenchmarkRequest.model_validate(payload)
    job, shelf = run.claim.job, run.shelf
    manifest = shelf.read(Manifest, request.manifest_id or newest_manifest(run))
    seed = run.projects.get(job.project_id).seed
    try:
        sample = draw_sample(request.models, manifest, shelf, run.ports, num_rows=request.sample, seed=seed)
    finally:
        shelf.discard_drafts()
    results = measure_each(orders_of(sample, manifest, run, probe_steps=request.probe_steps), run)
    made = _benchmark(request, manifest, sample, results, _rows(sample, manifest, shelf, run, seed))
    event = Draft(
        reason=Reason.AUTOPILOT,
        summary=f"Benchmarked {len(made.candidates)} base models on {made.num_rows} eval rows: {made.sentence}",
        payload=Autopilot(stages=("benchmark",), verdict="measured"),
    )
    record = record_of(made, job, parents=(manifest.id,), created_at=run.ports.clock.now())
    return FlowOutcome(artifact_id=made.id, event=event, made=record)


def newest_manifest(run: FlowRun) -> ArtifactId:
    """Return the preparation that the user has activated, else the newest one.

    Raises:
        NotFoundError: nothing is prepared.
    """
    project = run.claim.job.project_id
    found = run.projects.activated_manifest(project) or run.current("prepare")
    if found is None:
        message = f"project {project} has no prepared data; make some with `brewslm prepare --project {project}`"
        raise NotFoundError(message)
    return found


def _rows(sample: Sample, manifest: Manifest, shelf: ProjectShelf, run: FlowRun, seed: int) -> Rows:
    if manifest.shape != "classification":
        return Rows(sample.bytes, (), "", seed)
    trained = trained_labels(manifest, shelf, run.ports.tables)
    return Rows(sample.bytes, tuple(example.label or "" for example in sample.examples), majority_of(trained), seed)


def _benchmark(
    request: BenchmarkRequest, manifest: Manifest, sample: Sample, results: Sequence[ProbeResult], rows: Rows
) -> Benchmark:
    found = [
        (one, result, result.measured)
        for one, result in zip(sample.contestants, results, strict=True)
        if result.measured is not None
    ]
    failed = sample.problems | {
        one.facts.name: result.problem
        for one, result in zip(sample.contestants, results, strict=True)
        if result.measured is None
    }
    if not found:
        told = "; ".join(f"{name!r}: {problem}" for name, problem in failed.items())
        raise BaseModelError(f"no candidate could be measured. {told}", reason=Reason.EVALUATION_RUNTIME_ERROR)
    ranked = [
        Measured(
            measurement=measured,
            model_hash=model_hash(one.facts.folder),
            num_parameters=one.facts.num_parameters,
            floor_losses=unigram_losses(one.train_folder, one.eval_folder, vocab_size=one.facts.vocab_size),
        )
        for one, _, measured in found
    ]
    return Benchmark(
        files=sample.files,
        manifest_id=manifest.id,
        dataset_id=manifest.dataset_id,
        num_rows=len(sample.examples),
        num_left_out=sample.num_left_out,
        num_train_rows=sample.num_train_rows,
        probe_steps=request.probe_steps,
        seed=rows.seed,
        brewslm_version=importlib.metadata.version("brewslm"),
        runtime=found[0][1].runtime,
        device=", ".join(dict.fromkeys(result.device for _, result, _ in found)),
        candidates=rank(ranked, rows),
        failed=tuple(Failed(name=name, problem=problem) for name, problem in failed.items()),
    )
