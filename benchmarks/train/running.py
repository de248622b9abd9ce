"""Runs one contestant once and tells what it did, step by step."""

import json
import os
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmarks.train.contestants import Contestant
from benchmarks.train.environments import python_of
from benchmarks.train.material import LEARNING_RATE, ROWS_PER_STEP, Material, tokens_per_step
from benchmarks.train.watching import Watched, watch
from brewslm.adapters.engines.local import worker_environment
from brewslm.core.wire.rundir import LOG_FILE, ORDER_FILE

ROOT = Path(__file__).parents[2]
NUM_WARM = 1
"""Steps that are not measured: kernels are made, memory is taken, and the worker scores the base once."""
LIMIT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be run."""

    contestant: Contestant
    material: Material
    method: str
    num_steps: int
    num_threads: int


@dataclass(frozen=True, slots=True)
class Launch:
    """How it is started, and the file to which it appends a line for each step."""

    command: list[str]
    environment: dict[str, str]
    lines: Path


def run_once(trial: Trial, work: Path) -> dict[str, Any]:
    """Return the raw record of a run; a run that failed has `error`."""
    folder = work / "runs" / trial.contestant.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    record: dict[str, Any] = {
        "name": trial.contestant.name,
        "shape": trial.material.shape,
        "method": trial.method,
        "num_threads": trial.num_threads,
        "began_at": time.time(),
        "settings": asdict(trial.contestant),
    }
    try:
        launch = _worker(trial, folder) if trial.contestant.peer == "brewslm" else _peer(trial, folder)
    except (ValidationError, FileNotFoundError) as error:
        return record | {"error": " ".join(str(error).split())}
    watched = watch(
        launch.command, cwd=folder, environment=launch.environment, lines=launch.lines, limit_seconds=LIMIT_SECONDS
    )
    return record | _measured(watched, tokens_per_step(trial.material), folder, trial.num_steps)


def _worker(trial: Trial, folder: Path) -> Launch:
    """The worker itself, in the environment that the product gives it."""
    contestant, options = trial.contestant, dict(trial.contestant.options)
    order = trial.material.order(
        total_steps=trial.num_steps, batch_size=contestant.batch_size, method=trial.method, **options
    )
    (folder / ORDER_FILE).write_text(order.model_dump_json())
    command = [sys.executable, "-m", "brewslm.worker", str(folder)]
    environment = worker_environment(os.environ, trial.num_threads) | contestant.environment
    return Launch(command, environment, folder / LOG_FILE)


def _peer(trial: Trial, folder: Path) -> Launch:
    contestant, material = trial.contestant, trial.material
    task = {
        "model": str(material.model),
        "adapter": str(material.adapter) if trial.method == "lora" else None,
        "rows": str(material.rows),
        "num_steps": trial.num_steps,
        "rows_per_step": ROWS_PER_STEP,
        "batch_size": contestant.batch_size,
        "learning_rate": LEARNING_RATE,
        "options": contestant.options,
        "folder": str(folder),
        "num_threads": trial.num_threads,
    }
    (folder / "task.json").write_text(json.dumps(task))
    command = [str(python_of(contestant.peer)), "-m", f"benchmarks.train.peers.with_{contestant.peer}", "task.json"]
    threads = {"OMP_NUM_THREADS": str(trial.num_threads), "MKL_NUM_THREADS": str(trial.num_threads)}
    environment = {**os.environ, **threads, "PYTHONPATH": str(ROOT), **contestant.environment}
    return Launch(command, environment, folder / "steps.jsonl")


def _measured(watched: Watched, tokens: list[int], folder: Path, num_steps: int) -> dict[str, Any]:
    steps = [
        {
            "step": line["step"],
            "seconds": line["time"] - watched.launched_at,
            "cpu": line.get("cpu", line["tree_cpu"]),
            "machine_cpu": line["machine_cpu"],
            "tokens": tokens[line["step"] - 1],
            "loss": line["loss"],
            "grad_norm": line["grad_norm"],
        }
        for line in watched.lines
        if line.get("kind", "log") == "log" and line["step"] > 0
    ]
    record: dict[str, Any] = {"steps": steps, "peak_bytes": watched.peak_bytes}
    if len(steps) < num_steps:
        last = (folder / "output.log").read_text(errors="replace").strip().splitlines()[-1:]
        return record | {"error": f"exit code {watched.exit_code} after {len(steps)} steps: {' '.join(last)}"}
    return record | rates(steps)


def rates(steps: list[dict[str, Any]]) -> dict[str, float]:
    """Useful tokens a second and a processor second after the warm steps, and what others took in that time."""
    first, last = steps[NUM_WARM - 1], steps[-1]
    tokens = sum(step["tokens"] for step in steps[NUM_WARM:])
    seconds, cpu = last["seconds"] - first["seconds"], last["cpu"] - first["cpu"]
    return {
        "tokens_per_second": tokens / seconds,
        "tokens_per_cpu_second": tokens / cpu,
        "first_step_seconds": steps[0]["seconds"],
        "first_step_cpu": steps[0]["cpu"],
        "others": max(0.0, last["machine_cpu"] - first["machine_cpu"] - cpu) / seconds,
    }
