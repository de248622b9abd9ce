"""`brewslm results`, `curves` and `gates`: what may be named, and what a script gets."""

import json
from pathlib import Path

import pytest

from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings
from brewslm.cli.main import main
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.rundir import ORDER_FILE, RESULT_FILE
from brewslm.stages.train.contract import TrainInputs
from tests.unit.core.outcome.test_results import result
from tests.unit.scene import journal, logged, started


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("BREWSLM_HOME", str(tmp_path / "home"))
    return open_house(Settings(home=tmp_path / "home", is_offline=True), actor="cli")


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    return int(left.value.code or 0)


def train(house: House, name: str) -> Path:
    """Leave a run directory as a training leaves it, without the training."""
    project = house.projects.create(name)
    job = house.jobs.submit(project.id, "train", TrainInputs(readiness_id="readiness-1", manifest_id="manifest-1"))
    with house.ports.storage.write() as transaction:
        now = house.ports.clock.now()
        made = transaction.experiments.add(project_id=project.id, job_id=job.id, plan_id="p", created_at=now)
    folder = house.ports.store.project_folder(project.id) / "experiments" / made.folder_name
    folder.mkdir(parents=True)
    order = TrainOrder(
        base_model="/m", train_folder="/t", eval_folder="/e", recipe=Recipe(base_model="tiny"), manifest_id="m"
    )
    (folder / ORDER_FILE).write_text(order.model_dump_json())
    (folder / RESULT_FILE).write_text(result().model_dump_json())
    journal(folder, started(), *(logged(step, loss=3.0 / step) for step in range(1, 7)))
    return folder


def test_an_experiment_and_its_job_give_the_same_results(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    train(house, "one")
    answers = []
    for which in ("exp-001", "1"):
        assert run("results", which, "--json") == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0] == answers[1]
    assert answers[0]["metrics"]["eval"]["loss"] == 1.5
    assert run("results", "1") == 0
    page = capsys.readouterr().out
    assert "exp-001: tiny, sft, lora" in page
    assert "−0.5000" in page


def test_a_number_that_several_projects_have_is_asked_about(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    train(house, "one")
    train(house, "two")
    assert run("results", "exp-001") == 1
    assert "Projects 1, 2 each have an exp-001; say which with --project." in capsys.readouterr().err
    assert run("results", "exp-001", "--project", "2") == 0


@pytest.mark.parametrize(("which", "code", "told"), [("exp-9", 1, "no exp-009"), ("9", 1, "no job 9"), ("x", 2, "'x'")])
def test_what_there_is_not_is_one_clear_line(
    house: House, capsys: pytest.CaptureFixture[str], which: str, code: int, told: str
) -> None:
    assert run("results", which) == code
    assert told in capsys.readouterr().err


def test_curves_are_written_where_they_are_wanted(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = train(house, "one")
    assert run("curves", "exp-001", "--out", str(tmp_path / "out")) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["exp-001-curves.png", "exp-001-curves.svg"]
    assert run("curves", "1", "--json") == 0
    assert (folder / "curves.svg").read_bytes() == (tmp_path / "out" / "exp-001-curves.svg").read_bytes()
    (tmp_path / "file").write_text("")
    assert run("curves", "1", "--out", str(tmp_path / "file")) == 1
    assert "cannot be written into" in capsys.readouterr().err


def test_who_decides_can_be_set_and_told(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.projects.create("one")
    assert run("gates", "set", "1", "train", "human") == 0
    capsys.readouterr()
    assert run("gates", "modes", "1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["train"], told["clean"], len(told)) == ("human", "auto", 11)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("1", "train"), 1, "project 1 does not wait at train"),
        (("7",), 1, "no job 7"),
        (("1", "cake"), 2, "'1 cake'"),
        (("1", "train", "now"), 2, "'1 train now'"),
    ],
)
def test_approving_what_does_not_wait_is_one_clear_line(
    house: House, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, told: str
) -> None:
    house.projects.create("one")
    assert run("gates", "approve", *words) == code
    assert told in capsys.readouterr().err
