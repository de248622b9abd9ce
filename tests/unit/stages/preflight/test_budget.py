"""Caps are compared with forecasts, lengths that nobody fixed fit them, and forecasts learn from finished trainings."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.files.measurements import FILE, FileMeasurements
from brewslm.core.artifacts.readiness import Estimate, Readiness
from brewslm.core.forecast.measured import Measurement, correct_memory, correct_time
from brewslm.core.forecast.power import UNKNOWN_GPU, power_of
from brewslm.core.job import JobStatus
from brewslm.core.recipe.building import nearest_field
from brewslm.stages.preflight.contract import PreflightInputs
from brewslm.stages.train.contract import TrainInputs
from tests.fakes.machine import LAPTOP
from tests.unit.scene import Scene, answering
from tests.unit.stages.train.test_stage import Teacher, plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def level(readiness: Readiness) -> str:
    return next(one.level for one in readiness.findings if one.check == "budget")


def test_a_length_that_nobody_fixed_fits_the_budget_and_says_why(scene: Scene) -> None:
    manifest = scene.manifest()
    whole = plan(scene, manifest, profile="max_quality").plan
    assert whole.tokens is not None
    assert whole.tokens.expected is not None
    half = int(whole.tokens.expected / 2)
    readiness = plan(scene, manifest, profile="max_quality", overrides={"budget.max_tokens": half})
    steps, source = readiness.plan.recipe.data.total_steps, readiness.plan.sources["data.total_steps"]
    assert steps is not None
    assert 1 <= steps < (whole.recipe.data.total_steps or 0)
    assert (source.source, level(readiness)) == ("autopilot", "ok")
    assert source.reason == f"the budget pays for about {steps} of {whole.recipe.data.total_steps} steps"


@pytest.mark.parametrize(
    ("caps", "answer"),
    [
        ({"budget.max_minutes": 0.001}, "block"),
        ({"budget.max_minutes": 60.0}, "ok"),
        ({"budget.max_kwh": 1e-9}, "block"),
        ({"budget.max_kwh": 1.0}, "ok"),
        ({"budget.max_cost": 1e-9, "budget.cost_per_hour": 3.0}, "block"),
        ({"budget.max_cost": 1.0, "budget.price_per_kwh": 0.3}, "ok"),
    ],
)
def test_every_cap_is_compared_with_its_forecast(scene: Scene, caps: dict[str, Any], answer: str) -> None:
    readiness = plan(scene, scene.manifest(), overrides={**caps, "data.total_steps": 20})
    assert level(readiness) == answer
    assert readiness.plan.recipe.data.total_steps == 20


def test_the_power_that_a_budget_needs_is_taken_from_the_table_and_said_to_be_estimated(scene: Scene) -> None:
    found = plan(scene, scene.manifest(), overrides={"budget.max_kwh": 1.0}).plan
    assert found.recipe.budget is not None
    assert found.recipe.budget.power_watts == 40.0
    assert found.sources["budget.power_watts"].reason == "estimated: 2 cores at 10 W and 20 W beside, assumed"


def test_devices_are_found_by_their_longest_name() -> None:
    watts = {
        name: power_of(LAPTOP.model_copy(update={"gpus": (name,)})).watts
        for name in ("NVIDIA H200", "NVIDIA H200 NVL", "NVIDIA A100-SXM4-80GB", "NVIDIA L4", "NVIDIA L40S", "Riva 128")
    }
    assert list(watts.values()) == [700, 600, 400, 72, 350, UNKNOWN_GPU.watts]


RAW = Estimate(low=50.0, expected=100.0, high=300.0, unit="seconds", basis="a rule")


def measured(forecast: float, taken: float) -> Measurement:
    return Measurement(
        machine="m",
        shape="s",
        memory_forecast_bytes=forecast,
        memory_bytes=taken,
        time_forecast_seconds=forecast,
        seconds=taken,
        measured_at=NOW,
    )


@pytest.mark.parametrize("correct", [correct_memory, correct_time])
def test_a_forecast_is_corrected_by_what_was_measured(correct: Any) -> None:
    assert correct(RAW, []).expected == 100.0
    once = correct(RAW, [measured(100.0, 150.0)])
    assert once.expected == pytest.approx(150.0)
    assert once.low < 150.0 < once.high <= RAW.high
    assert (once.provenance, once.uncorrected) == ("mixed", 100.0)
    assert "1 training of this shape on this machine took 1.50 times" in once.basis
    apart = correct(RAW, [measured(100.0, 150.0), measured(100.0, 80.0)])
    assert apart.low < 80.0 < apart.expected < 150.0 < apart.high
    far = correct(RAW, [measured(100.0 / 64, 150.0 / 64)])
    assert far.high - far.low > once.high - once.low, "less is known far from what was measured"
    near = [measured(100.0, 150.0)] * 5
    assert correct(RAW, [*near, measured(1.0, 9.0)]).expected == pytest.approx(150.0), "the nearest count"


def test_a_finished_training_corrects_the_next_forecast_of_its_shape(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Teacher(peak_memory_bytes=900_000_000, training_seconds=30.0)))
    scene.ports = scene.ports_with(measurements=FileMeasurements(tmp_path))
    manifest = scene.manifest()

    def ready(**overrides: Any) -> Readiness:
        inputs = PreflightInputs(manifest_id=manifest.id, base_model="tiny", overrides=overrides)
        job = scene.runner(ports=scene.ports).run(scene.queue("preflight", inputs).id)
        found: Readiness = scene.read(Readiness, job)
        return found

    first = ready()
    inputs = TrainInputs(readiness_id=first.id, manifest_id=manifest.id)
    job = scene.runner(ports=scene.ports).run(scene.queue("train", inputs).id)
    assert job.status is JobStatus.COMPLETED, job.error
    second = ready()
    assert (first.plan.memory.provenance, second.plan.memory.provenance) == ("estimated", "mixed")
    assert second.plan.memory.expected == pytest.approx(900_000_000)
    assert second.plan.time.expected == pytest.approx(30.0)
    assert second.plan.memory.uncorrected == first.plan.memory.expected
    assert ready(method="full").plan.memory.provenance == "estimated", "another shape"


def test_measurements_survive_torn_lines(tmp_path: Path) -> None:
    kept = FileMeasurements(tmp_path)
    assert kept.all() == ()
    kept.add(measured(1.0, 2.0))
    with (tmp_path / FILE).open("a") as file:
        file.write('{"machine": "to\n')
    kept.add(measured(3.0, 4.0))
    assert [one.memory_bytes for one in kept.all()] == [2.0, 4.0]


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("learning_rate", "optim.learning_rate"),
        ("optim.learning_rat", "optim.learning_rate"),
        ("data.batchsize", "data.batch_size"),
        ("lora.rank", "lora.lora_rank"),
        ("zzzzzz", None),
    ],
)
def test_the_nearest_field_is_named(wrong: str, meant: str | None) -> None:
    assert nearest_field(wrong) == meant
