"""Work in the background: the terminal is free at once, and the work is done all the same."""

from pathlib import Path

from tests.journeys.brew import Brew


def test_an_import_in_the_background_ends_in_its_dataset(brew: Brew) -> None:
    brew.run("project", "create", "--name", "quiet")
    left = brew.ask("dataset", "import", "--project", "1", "--sample", "support-chat-v1", "--background")
    assert left["job"]["status"] == "queued"
    brew.run("jobs", "watch", str(left["job"]["id"]))
    job = brew.ask("jobs", "show", str(left["job"]["id"]))["job"]
    assert job["status"] == "completed"
    assert job["artifact_id"].startswith("dataset-")
    assert Path(left["log"]).is_file()


def test_what_fails_in_the_background_says_why(brew: Brew, tmp_path: Path) -> None:
    brew.run("project", "create", "--name", "quiet")
    left = brew.ask("ingest", str(tmp_path / "absent.csv"), "--project", "1", "--background")
    said = brew.run("jobs", "watch", str(left["job"]["id"]), code=1).stderr
    assert "There is no file" in said
    assert "absent.csv" in said


def test_the_option_is_refused_where_it_would_do_nothing(brew: Brew) -> None:
    assert "--background" in brew.refuse("jobs", "list", "--background", code=2)
