"""What a plan says of a training's time and memory against what it took, run after run in one workspace.

    python -m benchmarks.plan_forecast                  sixteen runs, some ten minutes of a quiet machine
    python -m benchmarks.plan_forecast --only alpaca    those whose name has this in it

Every run goes through the commands that users have, with workers of their own. The first of each kind (data, method and
step of one model) has only the terms of the forecast to go by; later ones also have what was measured before them.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.projects import DATA, subset
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.settings import Settings
from brewslm.core.forecast.measured import Measurement
from tests.journeys.brew import Brew

SEED = 4
NUM_ROWS = {"banking77": 900, "gsm8k": 500, "alpaca": 400, "support-chat-v1": 400}
SHORT, LONGER = {"data.num_epochs": 1}, {"data.num_epochs": 2}
RUNS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("banking77", SHORT),
    ("alpaca", SHORT),
    ("gsm8k", SHORT),
    ("support-chat-v1", SHORT),
    ("banking77", LONGER),
    ("alpaca", {**LONGER, "lora.lora_rank": 32}),
    ("gsm8k", {**SHORT, "data.batch_size": 4}),
    ("support-chat-v1", {**LONGER, "data.batch_size": 32}),
    ("banking77", {**SHORT, "method": "full"}),
    ("alpaca", {**SHORT, "method": "full"}),
    ("gsm8k", {**SHORT, "activation_checkpointing": True}),
    ("support-chat-v1", {**SHORT, "method": "full"}),
    ("banking77", {**SHORT, "step_path": "general"}),
    ("alpaca", {**LONGER, "step_path": "general"}),
    ("gsm8k", LONGER),
    ("support-chat-v1", {"data.num_epochs": 3}),
)


@dataclass(frozen=True)
class Line:
    """One run: what was said, and what came."""

    name: str
    time: dict[str, Any]
    memory: dict[str, Any]
    seconds: float
    peak_bytes: int

    @property
    def is_corrected(self) -> bool:
        """Whether trainings before it were known."""
        return bool(self.time["provenance"] == "mixed")


def main() -> None:
    """Train, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    runs = [(data, how) for data, how in RUNS if options.only in name_of(data, how)]
    with tempfile.TemporaryDirectory() as folder:
        lines = measure(Path(folder), runs)
    print(table(lines))


def name_of(data: str, how: dict[str, Any]) -> str:
    """Name a run by its data and by what is not usual in it."""
    return " ".join([data, *(f"{name.rpartition('.')[2]}={value}" for name, value in how.items())])


def measure(folder: Path, runs: list[tuple[str, dict[str, Any]]]) -> list[Line]:
    """Forecast each run and do it."""
    brew = Brew(folder / "home")
    projects: dict[str, str] = {}
    lines = []
    for data, how in runs:
        if data not in projects:
            rows = folder / f"{data}.jsonl"
            rows.write_text("".join(json.dumps(row) + "\n" for row in subset(data, NUM_ROWS[data], seed=SEED)))
            projects[data] = str(brew.ask("project", "create", "--name", data)["id"])
            shape = ("--as", "classification") if data == "banking77" else ()
            brew.run("dataset", "import", "--project", projects[data], *shape, str(rows))
            brew.run("clean", "--project", projects[data])
            brew.run("prepare", "--project", projects[data])
        settings = [word for name, value in how.items() for word in ("--set", f"{name}={value}")]
        plan = brew.ask("preflight", "--project", projects[data], *settings)["artifact"]["body"]["plan"]
        brew.run("train", "--project", projects[data])
        took = newest_measurement(brew.home)
        assert took.seconds is not None
        assert took.memory_bytes is not None
        line = Line(name_of(data, how), plan["time"], plan["memory"], took.seconds, int(took.memory_bytes))
        print(row_of(line), flush=True)
        lines.append(line)
    return lines


def newest_measurement(home: Path) -> Measurement:
    """What the last training took, as the workspace keeps it for the next forecasts."""
    return open_house(Settings(home=home, is_offline=True), actor="benchmark").ports.measurements.all()[-1]


def row_of(line: Line) -> str:
    """One row of the table."""
    time, memory = line.time, line.memory
    return (
        f"| {line.name} | {'yes' if line.is_corrected else 'no'} "
        f"| {time['expected']:.0f} [{time['low']:.0f}, {time['high']:.0f}] | {line.seconds:.0f} "
        f"| {memory['expected'] / 1e6:,.0f} [{memory['low'] / 1e6:,.0f}, {memory['high'] / 1e6:,.0f}] "
        f"| {line.peak_bytes / 1e6:,.0f} |"
    )


def table(lines: list[Line]) -> str:
    """All rows, and how many lay within what was said."""
    head = (
        "| run | runs before it known | seconds said | took | MB said | took |\n| --- | --- | --- | --- | --- | --- |"
    )
    said = [head, *map(row_of, lines)]
    for name, chosen in (("first of their kind", False), ("later", True)):
        group = [line for line in lines if line.is_corrected is chosen]
        in_time = sum(line.time["low"] <= line.seconds <= line.time["high"] for line in group)
        in_memory = sum(line.memory["low"] <= line.peak_bytes <= line.memory["high"] for line in group)
        errors = sorted(abs(line.seconds / line.time["expected"] - 1) for line in group)
        middle = f", the middle error of time is {errors[len(errors) // 2]:.0%}" if errors else ""
        said.append(f"{name}: {in_time} of {len(group)} times and {in_memory} memories within{middle}")
    return "\n".join(said)


@pytest.mark.bench
@pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not beside the checkout")
def test_plan_forecast(tmp_path: Path) -> None:
    """Print the table."""
    print(table(measure(tmp_path, list(RUNS))))


if __name__ == "__main__":
    main()
