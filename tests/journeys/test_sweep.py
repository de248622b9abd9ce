"""A sweep by commands: queued, done, compared, and asked for again."""

from pathlib import Path

from tests.journeys.brew import QUICK, Brew, as_options, write_chat

GRID = ("--grid", "optim.learning_rate=1e-4,5e-3")


def test_a_sweep_trains_each_combination_and_finds_the_better_one(brew: Brew, tmp_path: Path) -> None:
    brew.run("project", "create", "--name", "sums")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    assert brew.refuse("sweep", "show", "rates", "--project", "1").startswith("project 1 has no sweep 'rates'")
    words = ("sweep", "run", "--project", "1", *GRID, "--name", "rates", *as_options(QUICK))
    queued = brew.ask(*words, "--detach")
    assert [run["status"] for run in queued["runs"]] == ["queued", "queued"]

    done = brew.ask(*words)  # goes on with what is there
    assert [run["job_id"] for run in done["runs"]] == [run["job_id"] for run in reversed(queued["runs"])]
    best, other = done["runs"]
    assert best["values"] == {"optim.learning_rate": 0.005}
    assert best["eval_loss"] < other["eval_loss"] < other["base_eval_loss"]
    shown = brew.run("sweep", "show", "rates", "--project", "1").stdout
    assert f"learning_rate=0.005: eval loss {best['eval_loss']:.4f}, job {best['job_id']}" in shown
    assert f"brewslm export --project 1 --experiment {best['experiment_id']}" in shown
    assert [one["name"] for one in brew.ask("sweep", "list", "--project", "1")] == ["rates"]
    said = brew.refuse("sweep", "run", "--project", "1", "--grid", "seed=1,2", "--name", "rates")
    assert said == "sweep 'rates' of project 1 has other trainings; choose another name"
    brew.check_books()
