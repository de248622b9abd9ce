"""The next round with real trainings: what an evaluation shows wrong is taken up, trained for, and mended."""

import json
import random
import re
from pathlib import Path

import pytest

from tests.journeys.brew import Brew, as_options

WORDS = {"refund": "money", "delivery": "parcel", "account": "password"}
"""Label to the word by which its rows are known."""
FILLERS = ("please", "today", "my", "the", "again", "where", "is", "I", "want", "need", "for", "help", "with", "and")
BARELY = {"data.total_steps": 1, "data.batch_size": 4, "monitor.eval_every": 1, "monitor.checkpoint_every": 1}
WELL = {"data.total_steps": 120, "data.batch_size": 8, "monitor.eval_every": 40, "monitor.checkpoint_every": 60}


def write_intents(path: Path, num_rows: int = 360) -> Path:
    rng = random.Random(11)
    with path.open("w", encoding="utf-8") as file:
        for number in range(num_rows):
            label = sorted(WORDS)[number % len(WORDS)]
            words = rng.choices(FILLERS, k=6)
            words.insert(rng.randrange(7), WORDS[label])
            file.write(json.dumps({"text": " ".join(words), "label": label}) + "\n")
    return path


@pytest.mark.long  # two trainings
def test_what_is_taken_up_and_trained_for_is_closed_measurably(brew: Brew, tmp_path: Path) -> None:
    brew.run("project", "create", "--name", "intents", "--template", "classification")
    brew.run("dataset", "import", "--project", "1", str(write_intents(tmp_path / "intents.jsonl")))
    brew.run("clean", "--project", "1")
    brew.run("prepare", "--project", "1", "--max-seq-len", "64")
    train = ("train", "--project", "1", "--autopilot", "--one-click")
    brew.run(*train, *as_options(BARELY))
    found = {entry["finding"]["key"]: entry for entry in brew.ask("backlog", "list", "--project", "1")}
    failing = [entry for entry in found.values() if entry["finding"]["kind"] in {"rows", "slice"}]
    assert failing, list(found)
    assert all(entry["finding"]["is_measured"] and entry["finding"]["evidence"] for entry in failing)
    for entry in failing:
        assert brew.ask("backlog", "take", str(entry["number"]), "--project", "1")["state"] == "taken"

    brew.run(*train, *as_options(WELL), "--set", "optim.learning_rate=0.01")
    after = {entry["finding"]["key"]: entry for entry in brew.ask("backlog", "list", "--project", "1", "--all")}
    for entry in failing:
        closed = after[entry["finding"]["key"]]
        assert closed["state"] == "closed", closed
        assert re.search(r"none of \d+ rows fails|fail, \d+ did, beyond noise", closed["note"]), closed
    assert {"evaluation_backlog_started", "evaluation_backlog_resolved"} <= set(brew.reasons())
