"""Projects as code: a file makes the project again, and every mistake in it is told with its line."""

from pathlib import Path

import pytest

from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.brew.project_file import ProjectFile
from brewslm.core.errors import ConflictError, InvalidRequestError, NotFoundError
from brewslm.core.job import JobStatus
from brewslm.services.brewing.project_file import read_project_file
from brewslm.services.declared.projects import DeclaredProjects
from brewslm.services.gates.book import Gates
from brewslm.services.importing import import_flow
from brewslm.services.projects import Projects
from tests.unit.services.test_autopilot import House, complaints

HEAD = "api_version: brewslm/v1\nkind: Project\n"
DECLARED = "seed: 7\ngates: {train: human}\npreparation:\n  shares: {train: 0.6, eval: 0.2, test: 0.2}\n"
TRAINER = """trainer:
  name: desk
  dataset: complaints.jsonl
  max_seq_len: 128
  profile: safe
  recipe:
    optim: {learning_rate: 1e-3}
    data.total_steps: 5
"""
TEXT = HEAD + DECLARED + TRAINER


def declared(house: House) -> DeclaredProjects:
    return DeclaredProjects(house.ports, Projects(house.ports, actor="cli"), Gates(house.ports, actor="cli"))


def apply(house: House, path: Path) -> Readiness:
    """Do what `brewslm manifest apply` does."""
    service = declared(house)
    file = service.read(path)
    project = service.settle(file, path.parent)
    while (task := service.next_task(file, path.parent, project)) is not None:
        job = house.jobs.submit(project.id, task.kind, task.inputs)
        job = house.runner({"import": import_flow}, ports=house.ports).run(job.id)
        assert job.status is JobStatus.COMPLETED, job.error
    newest = house.projects.current(project.id, "preflight")
    assert newest is not None
    return Readiness.model_validate(house.projects.artifact(project.id, newest).body)


def written(house: House, text: str = TEXT) -> Path:
    house.write("complaints.jsonl", complaints(60))
    path = house.place / "brewslm.yaml"
    path.write_text(text)
    return path


def test_apply_makes_the_project_and_its_export_makes_it_again_elsewhere(tmp_path: Path) -> None:
    houses = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        houses.append(House(tmp_path / name))
    first, second = houses
    made = apply(first, written(first))
    project = next(one for one in first.projects.list() if one.name == "desk")
    assert project.seed == 7
    assert made.plan.recipe.optim.learning_rate == 0.001
    assert made.plan.sources["optim.learning_rate"].source == "file"
    assert Gates(first.ports, actor="cli").modes(project.id)["train"] == "human"

    _, text = declared(first).export(project.id)
    again = second.place / "brewslm.yaml"
    again.write_text(text)
    plan = declared(second).plan(declared(second).read(again), again.parent)
    due = [step.name for step in plan.steps if step.is_due]
    assert due == ["project", "gates", "import", "clean", "prepare", "preflight"]
    assert {one.field: one.file for one in plan.differences}["trainer.recipe.optim.learning_rate"] == 0.001
    other = apply(second, again)
    assert other.manifest_id == made.manifest_id
    assert other.plan.recipe == made.plan.recipe
    copied = next(one for one in second.projects.list() if one.name == "desk")
    assert declared(second).export(copied.id)[1] == text
    after = declared(second).plan(declared(second).read(again), again.parent)
    assert after.differences == ()
    assert not any(step.is_due for step in after.steps)


def test_what_changes_is_planned_and_nothing_else_is_done_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    path = written(house)
    apply(house, path)
    before = len(house.jobs.list(limit=1000))
    path.write_text(TEXT.replace("1e-3", "2e-3").replace("train: human", "train: auto"))
    service = declared(house)
    plan = service.plan(service.read(path), path.parent)
    assert [step.name for step in plan.steps if step.is_due] == ["gates", "preflight"]
    changed = {one.field: (one.project, one.file) for one in plan.differences}
    assert changed["trainer.recipe.optim.learning_rate"] == (0.001, 0.002)
    assert len(house.jobs.list(limit=1000)) == before, "a plan does nothing"
    assert apply(house, path).plan.recipe.optim.learning_rate == 0.002
    kinds = [job.kind for job in house.jobs.list(limit=1000)]
    assert (kinds.count("import"), kinds.count("prepare"), kinds.count("preflight")) == (1, 1, 2)
    path.write_text(TEXT.replace("  max_seq_len: 128\n", ""))
    left_open = service.plan(service.read(path), path.parent).differences
    assert {one.field for one in left_open} == changed.keys()
    path.write_text(TEXT.replace("seed: 7", "seed: 8"))
    file = service.read(path)
    assert service.plan(file, path.parent).problems == ("project 2 'desk' has seed 7, and the file says 8",)
    with pytest.raises(ConflictError, match="name another project"):
        service.settle(file, path.parent)


def test_a_dataset_that_is_not_there_makes_no_project(tmp_path: Path) -> None:
    house = House(tmp_path)
    path = house.place / "brewslm.yaml"
    path.write_text(TEXT)
    service = declared(house)
    with pytest.raises(NotFoundError, match=r"complaints\.jsonl"):
        service.settle(service.read(path), path.parent)
    assert [one.name for one in house.projects.list()] == ["scene"]


BROKEN = """api_version: brewslm/v1
kind: Project
sed: 7
gates:
  trian: human
trainer:
  name: shop
  datset: sample:general-chat-v1
  recipe:
    optim:
      learning_rat: 0.1
      weight_decay: 7
    data: {batch_size: 0}
  name: twice
preparation:
  shares: {train: 0.9, evl: 0.1}
"""


def test_all_mistakes_are_told_at_once_each_with_its_line_and_the_nearest_key(tmp_path: Path) -> None:
    found = read_project_file(BROKEN)
    assert found.file is None
    starts = [
        "line 3: sed: there is no such key; did you mean seed?",
        "line 5: gates.trian: there is no such stage; did you mean train?",
        "line 6: trainer.dataset is missing",
        "line 8: trainer.datset: there is no such key; did you mean dataset?",
        "line 11: trainer.recipe.optim.learning_rat=0.1: there is no such field; did you mean optim.learning_rate?",
        "line 12: trainer.recipe.optim.weight_decay=7: ",
        "line 13: trainer.recipe.data.batch_size=0: ",
        "line 14: trainer.name is there twice, first in line 7",
        "line 16: preparation.shares.evl: there is no such key; did you mean eval?",
    ]
    assert len(found.problems) == len(starts)
    for problem, start in zip(found.problems, starts, strict=True):
        assert problem.startswith(start)
    path = tmp_path / "brewslm.yaml"
    path.write_text(BROKEN)
    with pytest.raises(InvalidRequestError, match="has 9 problems: line 3: sed"):
        declared(House(tmp_path)).read(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: this is no mapping"),
        ("- a\n", "line 1: this is no mapping"),
        ("a: [1\n", "line 2: "),
        (HEAD.replace("v1", "v2") + "trainer: {name: a, dataset: b}\n", "line 1: api_version='brewslm/v2'"),
        (HEAD + "trainer: 3\n", "line 3: trainer=3"),
        (HEAD + "trainer: {name: a, dataset: b, recipe: [1]}\n", "line 3: trainer.recipe"),
    ],
)
def test_whatever_is_no_project_is_told_in_lines(text: str, told: str) -> None:
    problems = read_project_file(text).problems
    assert problems[0].startswith(told)
    assert all("\n" not in problem for problem in problems)


def test_what_start_does_not_carry_out_is_named() -> None:
    for text, parts in ((TEXT, ("seed", "gates", "preparation")), (HEAD + TRAINER, ())):
        file = read_project_file(text).file
        assert isinstance(file, ProjectFile)
        assert file.declared == parts
