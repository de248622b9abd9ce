"""Timeline, failures, export, replay and bundles through the front door, in this process."""

import csv
import json
import zipfile
from pathlib import Path

import pytest

from benchmarks.lives import live
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.settings import Settings
from brewslm.core.ids import ArtifactId, JobId, ProjectId
from tests.journeys.brew import Inside

ROWS = "".join(json.dumps({"question": f"What is {n} plus 1?", "answer": f"It is {n + 1}."}) + "\n" for n in range(60))


@pytest.fixture
def brew(tmp_path: Path) -> Inside:
    made = Inside(tmp_path / "home")
    made.run("project", "create", "--name", "first")
    return made


def live_in(home: Path) -> None:
    house = open_house(Settings(home=home, is_offline=True), actor="cli")
    live(house.ports.storage, [ProjectId(1)], num_runs=4, num_events=120, seed=4)


def test_what_happened_is_shown_and_written_down(brew: Inside, tmp_path: Path) -> None:
    assert "Nothing has failed." in brew.run("failures").stdout
    live_in(brew.home)
    page = brew.run("timeline", "--project", "1").stdout
    assert page.splitlines()[0].split() == ["run", "status", "began", "took", "events", "gravest"]
    assert "autopilot-1 " in page
    assert "  ingest-2 " in page
    assert brew.ask("timeline", "--job", "1")["steps"][0]["run_id"] == "ingest-2"
    assert "no job 999" in brew.refuse("timeline", "--job", "999")
    causes = brew.ask("failures")
    told = " ".join(brew.run("failures").stdout.split())
    assert f"{causes['num_failures']} failures of {causes['num_clusters']} causes" in told
    assert causes["clusters"][0]["next_step"] in told
    events = brew.ask("events", "--limit", "1000")
    lines = brew.run("events", "export").stdout.splitlines()
    assert [json.loads(line) for line in lines] == events
    brew.run("events", "export", "--format", "csv", "--output", str(tmp_path / "all.csv"))
    rows = list(csv.DictReader((tmp_path / "all.csv").open(newline="")))
    assert [row["hash"] for row in rows] == [event["hash"] for event in events]
    assert json.loads(rows[-1]["payload"]) == events[-1]["payload"]
    assert "cannot be written" in brew.refuse("events", "export", "--output", str(tmp_path / "no" / "x"))


def test_the_record_is_searched(brew: Inside, tmp_path: Path) -> None:
    live_in(brew.home)
    every = brew.ask("events", "--limit", "1000")
    errors = [one for one in every if one["severity"] in {"error", "critical"}]
    assert brew.ask("events", "--severity", "error", "--severity", "critical") == errors
    (last, *_) = errors[::-1]
    assert brew.ask("events", "--text", last["summary"].upper(), "--run", last["run_id"])[-1] == last
    chosen = ("--reason", last["reason"], "--stage", last["stage"], "--actor", last["actor"])
    assert brew.ask("events", *chosen, "--since", last["occurred_at"], "--limit", "1") == [last]
    assert brew.ask("events", *chosen, "--until", "2000-01-01") == []
    assert "There is no such event." in brew.run("events", "--since", "2000-01-01", "--until", "2000-01-02").stderr
    brew.run("events", "export", *chosen, "--output", str(tmp_path / "some.jsonl"))
    lines = (tmp_path / "some.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [one for one in every if one["reason"] == last["reason"]]
    runs = brew.ask("timeline", "--severity", "error", "--stage", last["stage"])["runs"]
    assert last["run_id"] in {step["run_id"] for run in runs for step in (run, *run["steps"])}
    assert "No run is like that." in brew.run("timeline", "--until", "2000-01-01").stdout


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--severity", "eror", "did you mean error?"),
        ("--stage", "train", "did you mean training?"),
        ("--reason", "training_om", "did you mean training_oom?"),
        ("--since", "yesterday", "'yesterday' is no moment; write 2026-11-29, 2026-11-29T14:30, or an age such as 90m"),
        ("--until", "99999999999d", "is no moment"),
    ],
)
def test_what_cannot_be_searched_for_is_named(brew: Inside, option: str, value: str, told: str) -> None:
    for command in (("events",), ("events", "export"), ("timeline",))[: 2 if option == "--reason" else 3]:
        line = brew.refuse(*command, option, value, code=2)
        assert option in line
        assert told in line


def test_a_bundle_is_written_and_told(brew: Inside, tmp_path: Path) -> None:
    file = tmp_path / "help.zip"
    page = brew.run("support-bundle", "--output", str(file)).stdout
    assert "index.html" in page
    assert {"index.html", "doctor.json", "events.jsonl"} <= set(zipfile.ZipFile(file).namelist())
    assert "cannot be written" in brew.refuse("support-bundle", "--output", str(tmp_path / "no" / "x.zip"))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_data_is_made_again_and_a_change_is_named_where_it_first_shows(brew: Inside, tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text(ROWS)
    brew.run("dataset", "import", "--project", "1", str(source))
    brew.run("clean", "--project", "1")
    manifest = ArtifactId(brew.ask("prepare", "--project", "1", "--max-seq-len", "128")["artifact"]["id"])
    house = open_house(Settings(home=brew.home, is_offline=True), actor="cli")
    job_id = JobId(house.jobs.list(limit=1)[0].id)
    with house.ports.storage.write() as transaction:
        made = transaction.artifacts.get(ProjectId(1), manifest).created_at
        transaction.experiments.add(project_id=ProjectId(1), job_id=job_id, plan_id=manifest, created_at=made)
    report = brew.ask("replay", "exp-001")
    assert report["is_equal"]
    assert [step["stage"] for step in report["steps"]] == [
        *("ingest", "introspect", "map_dry_run", "map_commit", "clean", "prepare")
    ]
    assert report["steps"][-1]["again"] == manifest
    assert list(brew.home.glob(".replay-*")) == []
    assert house.jobs.list(limit=1)[0].id == job_id
    (rows, *_) = brew.ask("artifacts", "show", "snapshot")["body"]["files"]
    file = brew.home / "projects" / "1" / rows["path"]
    content = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    page = brew.run("replay", "exp-001", code=1).stdout
    assert "ingest is the first stage at which it shows." in page
    assert "its content does not match its hash" in " ".join(page.split())
    assert "There is no exp-007" in brew.refuse("replay", "exp-007")
