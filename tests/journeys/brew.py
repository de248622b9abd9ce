"""What the journeys share: a workspace of their own, the real command line, and a real server."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

LONGEST_SECONDS = 240.0
"""No single wait in a journey takes longer, on two busy cores."""

QUICK = {"data.total_steps": 6, "data.batch_size": 4, "monitor.eval_every": 3, "monitor.checkpoint_every": 3}
LONG = {"data.total_steps": 60, "data.batch_size": 4, "monitor.eval_every": 30, "monitor.checkpoint_every": 5}
"""Long enough that a process can be killed in the middle of it."""
ENDLESS = {**LONG, "data.total_steps": 5000}
"""Too long to wait for."""


def as_options(overrides: dict[str, int]) -> list[str]:
    return [word for name, value in overrides.items() for word in ("--set", f"{name}={value}")]


@dataclass
class Brew:
    """One workspace, used through the front door."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable

    @property
    def entry(self) -> list[str]:
        """What stands before the words of a command."""
        return [self.python, "-c", "from brewslm.cli.main import main; main()"]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "BREWSLM_HOME": str(self.home), "HF_HUB_OFFLINE": "1", "NO_COLOR": "1", **self.variables}

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.entry, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment
        )

    def run_any(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [*self.entry, *words],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=LONGEST_SECONDS,
            check=False,
        )

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, and check its exit code."""
        done = self.run_any(*words)
        assert done.returncode == code, f"{words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def ask(self, *words: str, code: int = 0) -> Any:
        """Run a command with `--json` and return what it printed."""
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def refuse(self, *words: str, code: int = 1) -> str:
        """Run a command that must fail with one clear line, and return that line."""
        done = self.run(*words, code=code)
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, done.stderr
        assert done.stderr.splitlines()[-1] == lines[0]
        return lines[0].removeprefix("error: ")

    def reasons(self) -> list[str]:
        """The reasons of all events, in order."""
        return [event["reason"] for event in self.ask("events", "--limit", "1000")]

    def check_books(self) -> None:
        """Hash chain, artifacts and files are as they were recorded."""
        assert self.ask("audit", "verify")["is_clean"]
        assert self.ask("artifacts", "verify")["is_clean"]

    def attempts(self) -> list[dict[str, Any]]:
        """What the shims wrote about every attempt that is known, the run directory with it."""
        files = sorted(self.home.glob("projects/*/experiments/**/attempt.json"))
        return [json.loads(file.read_text()) | {"folder": file.parent} for file in files]

    @contextmanager
    def server(self, port: int = 0) -> Iterator["Server"]:
        """A server on a port, by default a free one, ended at the end."""
        process = self.start("serve", "--port", str(port))
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert " at http://" in line, line + (process.stderr.read() if process.stderr and process.poll() else "")
            yield Server(process, line.split(" at ")[1].strip())
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(LONGEST_SECONDS)

    def end_workers(self) -> None:
        """End workers that a failed test left behind, each by its own id."""
        for attempt in self.attempts():
            if is_worker(attempt):
                os.kill(attempt["worker_pid"], signal.SIGKILL)


class Inside(Brew):
    """The same front door in this process, where a process of its own would only cost time."""

    def run_any(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        from brewslm.cli.main import main

        out, errors = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(errors):
            for name, value in self.environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                main(words)
        return subprocess.CompletedProcess([*words], int(left.value.code or 0), out.getvalue(), errors.getvalue())


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    url: str

    def get(self, path: str) -> Any:
        return self.call("GET", path)[1]

    def post(self, path: str, body: object, **headers: str) -> tuple[int, Any]:
        return self.call("POST", path, body, **headers)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        data = json.dumps(body).encode() if body is not None else None
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def finish(self, job_id: int) -> dict[str, Any]:
        """Wait until a job has ended, and return it."""

        def ended() -> dict[str, Any] | None:
            job: dict[str, Any] = self.get(f"/api/jobs/{job_id}")
            return job if job["status"] in {"completed", "failed", "cancelled"} else None

        return wait_for(ended, f"the end of job {job_id}")


def wait_for(look: Callable[[], Any], what: str) -> Any:
    """Look again and again until there is something; its truth counts."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    message = f"waited {LONGEST_SECONDS:g} s for {what}"
    raise TimeoutError(message)


def last_step(home: Path) -> int:
    """The last step in the first experiment's journal, 0 where there is none."""
    return max((record.get("step") or 0 for record in journal(home)), default=0)


def journal(home: Path) -> list[dict[str, Any]]:
    """The whole lines of the first experiment's journal."""
    file = home / "projects" / "1" / "experiments" / "exp-001" / "log.jsonl"
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]


def has_checkpoint(home: Path) -> bool:
    return any(record["kind"] == "checkpoint" for record in journal(home))


def is_worker(attempt: dict[str, Any]) -> bool:
    """Whether the worker of this attempt is alive, and not another process that got its id."""
    try:
        command = Path(f"/proc/{attempt['worker_pid']}/cmdline").read_bytes()
    except OSError:
        return False
    return str(attempt["folder"]).encode() in command


def write_chat(path: Path, num_rows: int = 90) -> Path:
    """Write small conversations, with one malformed row, one empty answer and one duplicate."""
    things = ["apples", "books", "cups", "doors", "eggs", "forks"]
    rows = []
    for number in range(num_rows):
        thing = things[number % len(things)]
        question = f"I have {number} {thing} and get {number % 7 + 1} more. How many {thing} do I have?"
        answer = f"You have {number + number % 7 + 1} {thing}."
        rows.append(_conversation(question, answer))
    rows.append('{"messages": [{"role": "user", "content": "cut o')
    rows.append(_conversation("Hm?", " "))
    rows.append(rows[0])
    path.write_text("\n".join(rows) + "\n")
    return path


def _conversation(question: str, answer: str) -> str:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": turns})
