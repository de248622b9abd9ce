"""Code first: the example of the documentation, run as it stands; and what a function of the user's may do wrong."""

import http.client
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys.brew import Brew, wait_for, write_chat

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 1200.0
EXAMPLE = ROOT / "examples" / "brew.py"

WILD = """\
import os
from brewslm import create_brew, create_trainer

def on_log(event):
    print("log", event.step)
    if event.step == 1:
        raise ValueError("hm")
    if event.step == 2:
        trainer.cancel()

def on_failed(event):
    print("failed", event.is_cancelled, event.reason)
    os._exit(3)

trainer = create_trainer(
    name="wild", dataset="chat.jsonl", total_steps=5000, batch_size=4, log_every=1, on_log=on_log, on_failed=on_failed
)
brew = create_brew(trainer=trainer)
"""


def ended(process: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    """Wait for the end of a whole life, which takes longer than any one step of it."""
    out, errors = process.communicate(timeout=SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


def test_the_example_of_the_documentation_is_the_file() -> None:
    assert f"```python\n{EXAMPLE.read_text()}```" in (ROOT / "docs" / "code-first.md").read_text()


def test_build_writes_the_manifest_and_names_mistakes(inside: Brew, tmp_path: Path) -> None:
    folder = tmp_path / "user"
    folder.mkdir()
    shutil.copy(EXAMPLE, folder)
    told = inside.ask("build", str(folder))
    written = json.loads((folder / ".brewslm" / "manifest.json").read_text())
    assert told == written
    assert (written["file"], list(written["sources"])) == ("brew.py", ["brew.py"])
    assert written["trainer"]["recipe"]["data.total_steps"] == 40
    assert written["trainer"]["callbacks"] == ["on_log", "on_checkpoint", "on_completed", "on_failed"]
    (folder / "brew.py").write_text("import nowhere_at_all\n")
    assert inside.refuse("build", str(folder)).startswith("brew.py, line 1: ModuleNotFoundError")
    assert "write a brew.py" in inside.refuse("build", str(tmp_path / "user" / ".brewslm"))


@pytest.mark.long
def test_the_example_runs_and_its_functions_are_called(brew: Brew, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    done = ended(brew.start("start", str(tmp_path)))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines if line.startswith("step ")] == [
        f"step {step} of 40" for step in (10, 20, 30, 40)
    ]
    assert [line.split(":")[0] for line in lines if line.startswith("checkpoint ")] == [
        "checkpoint 20",
        "checkpoint 40",
    ]
    assert sum(" -> " in line and line.startswith("  ") for line in lines) == 4
    assert any(line.startswith("better: ") for line in lines)
    assert "warning" not in done.stderr
    brew.check_books()


@pytest.mark.long
def test_an_error_in_a_function_is_told_and_cancel_ends_the_training(brew: Brew, tmp_path: Path) -> None:
    write_chat(tmp_path / "chat.jsonl")
    (tmp_path / "brew.py").write_text(WILD)
    done = ended(brew.start("start", str(tmp_path)))
    assert done.returncode == 1, done.stderr
    assert "warning: on_log: brew.py, line 7: ValueError: hm; the training goes on" in done.stderr
    assert "failed True training_cancelled" in done.stdout
    assert "its process" in done.stderr or "the process of brew.py has ended (exit code 3)" in done.stderr
    assert "cancelled" in done.stderr.splitlines()[-1]
    (job,) = brew.ask("jobs", "list", "--kind", "train")
    assert job["status"] == "cancelled"


@pytest.mark.long
def test_a_run_from_the_api_outlives_its_reader_and_the_server(brew: Brew, tmp_path: Path) -> None:

    (tmp_path / "brew.py").write_text(EXAMPLE.read_text().replace("=40", "=6").replace("=20", "=3"))
    brew.variables["BREWSLM_BREW"] = str(tmp_path)
    with brew.server() as server:
        assert server.get("/api/manifest")["trainer"]["name"] == "first-brew"
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
        connection.request("POST", "/api/train")
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Content-Type")) == (200, "text/plain; charset=utf-8")
        answer.read(20)
        connection.close()
        run = wait_for(lambda: _training(server.get("/api/manifest")["run"]), "the training")
        code, refused = server.post("/api/train", None)
        assert (code, f"job {run['job_id']}" in refused["error"]["message"]) == (409, True)
    with brew.server() as server:
        assert server.get("/api/manifest")["run"]["job_id"] == run["job_id"]
        assert server.finish(run["job_id"])["status"] == "completed"
        wait_for(lambda: server.get("/api/manifest")["run"] is None, "the end of the run")


def _training(run: dict[str, object] | None) -> dict[str, object] | None:
    return run if run is not None and run["phase"] == "training" else None
