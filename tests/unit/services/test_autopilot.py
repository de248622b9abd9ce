"""The flows over true stages and data: an import, the autopilot, and an evaluation on a file, with workers played."""

import json
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.adapters.sources.locators import LocalSources
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.job import Job, JobStatus
from brewslm.core.project import BUNDLED_BASE_MODEL
from brewslm.core.value import Value
from brewslm.core.wire.order import EvaluateOrder
from brewslm.core.wire.result import EvaluateResult, GeneratedAnswer, Result, ScoredLabels, ScoredSplit
from brewslm.services.autopilot import autopilot_flow
from brewslm.services.evaluating import evaluation_flow
from brewslm.services.importing import import_flow
from brewslm.services.requests import AutopilotRequest, EvaluationRequest, ImportRequest
from tests.unit.scene import Scene, answering
from tests.unit.stages.train.test_stage import trained

FLOWS = {"import": import_flow, "autopilot": autopilot_flow, "evaluation": evaluation_flow}
LABELS = ("billing", "login", "other")


def answer(order: Any, directory: Path) -> Result:
    """Play both workers; the tuned model knows every label, the base none."""
    if not isinstance(order, EvaluateOrder):
        return trained(directory)
    splits = []
    for name, folder in order.splits.items():
        count = (Path(folder) / "offsets.u64").stat().st_size // 8 - 1
        scores = {"num_tokens": (4,) * count, "base_loss": (8.0,) * count, "tuned_loss": (4.0,) * count}
        splits.append(ScoredSplit.model_validate({"name": name, **scores}))
    labelled = [
        ScoredLabels(name=rows.name, base=("other",) * len(rows.labels), tuned=rows.labels) for rows in order.labelled
    ]
    answers = (GeneratedAnswer(text="x", num_tokens=1, is_stopped=True),) * len(order.prompts)
    return EvaluateResult(splits=tuple(splits), labelled=tuple(labelled), base_answers=answers, tuned_answers=answers)


class House(Scene):
    """A project on the bundled base model, with true sources."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, answering(answer))
        self.base_models = LocalBaseModels(is_offline=True)  # type: ignore[assignment]
        self.ports = self.ports_with(sources=LocalSources())
        with self.storage.write() as transaction:
            transaction.projects.set_base_model(self.project.id, BUNDLED_BASE_MODEL)
        self.place = folder

    def do(self, kind: str, request: Value) -> Job:
        return self.runner(FLOWS, ports=self.ports).run(self.queue(kind, request).id)  # type: ignore[arg-type]

    def write(self, name: str, rows: list[dict[str, Any]]) -> str:
        path = self.place / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    def kinds(self) -> list[str]:
        return [job.kind for job in reversed(self.jobs.list()) if job.parent_id is not None]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def complaints(count: int) -> list[dict[str, Any]]:
    words = {
        "billing": "charged twice on my card",
        "login": "cannot sign in to my account",
        "other": "just saying hello",
    }
    labels = [LABELS[number % 3] for number in range(count)]
    return [{"text": f"Message {number}: {words[label]}", "label": label} for number, label in enumerate(labels)]


def imported(house: House) -> Job:
    return house.do("import", ImportRequest(locator=house.write("complaints.jsonl", [*complaints(60), *complaints(2)])))


def test_an_import_runs_the_first_four_stages(house: House) -> None:
    job = imported(house)
    assert job.status is JobStatus.COMPLETED, job.error
    assert house.kinds() == ["ingest", "introspect", "map_dry_run", "map_commit"]
    dataset = house.read(Dataset, job)
    assert (dataset.shape, dataset.tally.total, dataset.labels) == ("classification", 62, LABELS)
    assert "62 rows as classification: 62 accepted, 0 repaired, 0 rejected" in house.events(job.run_id)[-1].summary


def test_a_reading_that_is_not_certain_is_left_to_a_person(house: House) -> None:
    rows = [{"a": f"{number}", "b": f"{number} {number}"} for number in range(20)]
    job = house.do("import", ImportRequest(locator=house.write("odd.jsonl", rows)))
    assert (job.status, job.reason) == (JobStatus.FAILED, "introspection_ambiguous")
    assert house.kinds() == ["ingest", "introspect"]


def test_an_import_of_nothing_fails_at_its_first_step(house: House) -> None:
    job = house.do("import", ImportRequest(locator=str(house.place / "nowhere.csv")))
    assert (job.status, job.reason) == (JobStatus.FAILED, "ingestion_unreachable")
    assert "nowhere.csv" in (job.error or "")


def test_the_autopilot_goes_from_the_dataset_to_the_verdict(house: House) -> None:
    imported(house)
    job = house.do("autopilot", AutopilotRequest(prompts=("Hello?",)))
    assert job.status is JobStatus.COMPLETED, job.error
    assert house.kinds()[4:] == ["clean", "prepare", "preflight", "train", "evaluate"]
    report = house.read(EvalReport, job)
    assert report.verdict == "better"
    assert report.answers[0].prompt == "Hello?"
    assert house.events(job.run_id)[-1].summary == "Autopilot finished: the tuned model is better than its base"


def test_a_second_autopilot_does_not_clean_again(house: House) -> None:
    imported(house)
    house.do("autopilot", AutopilotRequest())
    house.do("autopilot", AutopilotRequest())
    assert house.kinds().count("clean") == 1
    assert house.kinds().count("train") == 2


def test_a_plan_is_made_without_launching(house: House) -> None:
    imported(house)
    job = house.do("autopilot", AutopilotRequest(one_click=False, overrides={"data.total_steps": 7}))
    assert house.read(Readiness, job).plan.recipe.data.total_steps == 7
    assert house.engine.submitted == []
    assert house.kinds()[-1] == "preflight"


@pytest.mark.parametrize("one_click", [True, False])
def test_the_autopilot_never_overrides_a_gate(house: House, one_click: bool) -> None:
    imported(house)
    house.machine.free_bytes = 1
    job = house.do("autopilot", AutopilotRequest(one_click=one_click))
    assert (job.status, job.reason) == (JobStatus.FAILED, "preflight_blocked")
    assert "0 MB free" in (job.error or "")
    assert house.engine.submitted == []


def test_an_autopilot_without_data_says_how_to_get_some(house: House) -> None:
    job = house.do("autopilot", AutopilotRequest())
    assert (job.status, job.reason) == (JobStatus.FAILED, "system_not_found")
    assert "brewslm dataset import --project 1" in (job.error or "")


def test_a_file_to_evaluate_on_is_judged_and_does_not_become_the_projects_data(house: House) -> None:
    data = imported(house).artifact_id
    house.do("autopilot", AutopilotRequest())
    cleaned = house.projects.current(house.project.id, "clean", "map_commit")
    assert cleaned != data
    job = house.do("evaluation", EvaluationRequest(locator=house.write("test.jsonl", complaints(9))))
    report = house.read(EvalReport, job)
    on_file = next(accuracy for accuracy in report.accuracy if accuracy.rows == "file")
    assert (on_file.num_examples, on_file.tuned, on_file.base) == (9, 1.0, pytest.approx(1 / 3))
    assert house.projects.current(house.project.id, "clean", "map_commit") == cleaned
    record = house.projects.artifact(house.project.id, report.id)
    assert [parent.split("-")[0] for parent in record.parents] == ["adapter", "manifest", "dataset"]


def test_an_evaluation_without_an_adapter_says_what_to_do(house: House) -> None:
    imported(house)
    job = house.do("evaluation", EvaluationRequest())
    assert (job.status, job.reason) == (JobStatus.FAILED, "system_not_found")
    assert "brewslm train --project 1 --autopilot" in (job.error or "")


def test_a_guard_launches_the_plan_that_was_shown(house: House) -> None:
    imported(house)
    shown = house.read(Readiness, house.do("autopilot", AutopilotRequest(one_click=False)))
    job = house.do("autopilot", AutopilotRequest(guard=shown.guard))
    assert job.status is JobStatus.COMPLETED, job.error
    assert house.kinds().count("preflight") == 1
    assert house.kinds()[-2:] == ["train", "evaluate"]


def test_where_the_project_has_changed_a_guarded_plan_is_made_again_with_what_was_asked(house: House) -> None:
    imported(house)
    asked = AutopilotRequest(one_click=False, overrides={"data.total_steps": 7})
    shown = house.read(Readiness, house.do("autopilot", asked))
    house.do("import", ImportRequest(locator=house.write("more.jsonl", complaints(90))))
    house.do("autopilot", AutopilotRequest(one_click=False))
    job = house.do("autopilot", AutopilotRequest(guard=shown.guard))
    assert job.status is JobStatus.COMPLETED, job.error
    assert "planned again, because the project had changed: the data was prepared again" in house.events()[-1].summary
    newest = house.shelf.all(Readiness)[-1]
    assert newest.guard != shown.guard
    assert newest.plan.recipe.data.total_steps == 7


def test_a_guard_of_no_plan_is_refused(house: House) -> None:
    imported(house)
    job = house.do("autopilot", AutopilotRequest(guard="0" * 16))
    assert (job.status, job.reason) == (JobStatus.FAILED, "system_not_found")
    assert "brewslm preflight --plan" in (job.error or "")
