"""A life whose every free text is hostile: led through the front door where that takes any text, else written."""

import json
from collections.abc import Sequence
from pathlib import Path

from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.settings import Settings
from tests.browser.hostile_ledger import PROJECT, HostileLedger
from tests.fakes.hostile import LEAK, MARK, STRINGS, Supply, is_storable
from tests.journeys.brew import QUICK, Inside, as_options

NUM_COLUMNS, NUM_KEYS = 4, 3
TRAINED_EVERY = 7
"""All strings become a dataset; of every seventh a model is trained, so that it does not take long."""
MODEL = Path(__file__).resolve().parents[2] / "src" / "brewslm" / "bundled" / "base_models" / "brewslm-tiny-v1"
NAME = f"</title><script>window.{MARK}=1</script>![x](javascript:alert(1))\u05d0"
MODEL_NAME = f"<svg onload=window.{MARK}=1>{LEAK}"
FILE_NAME = f'="1"+<img src=x onerror=window.{MARK}=1>\u202e.jsonl'
ALERTS = "channels: {hook: {kind: webhook, url: 'http://127.0.0.1:9/%3Cscript%3E', projects: [99]}}"


def lead_hostile_life(folder: Path) -> Inside:
    """Lead a project from data to a release, then write all else that its ledger can hold.

    A model is trained, evaluated, exported and deployed, so this takes half a minute.
    """
    brew = Inside(folder / "home", {"BREWSLM_BREW": str(folder)})
    (folder / MODEL_NAME).symlink_to(MODEL)
    write_rows(folder / f"all-{FILE_NAME}", STRINGS)
    write_rows(folder / FILE_NAME, STRINGS[::TRAINED_EVERY])
    brew.run("project", "create", "--name", NAME, "--base-model", str(folder / MODEL_NAME))
    for name in (f"all-{FILE_NAME}", FILE_NAME):
        brew.run("dataset", "import", "--project", "1", "--min-coverage", "0.5", str(folder / name))
    brew.run("train", "--project", "1", "--autopilot", "--one-click", *as_options(QUICK))
    brew.run("export", "--project", "1")
    brew.run("deploy", "--project", "1")
    texts = Supply(tuple(f"{text}{LEAK}" for text in STRINGS if is_storable(text)))
    brew.run("releases", "promote", "v1", "--project", "1", "--reason", f"<b>{NAME}")
    brew.run("dataset", "import", "--project", "1", str(folder / f"{FILE_NAME}-is-not-there"), code=1)
    house = open_house(Settings(home=brew.home, is_offline=True), actor="api")
    for _ in range(NUM_KEYS):
        house.keys.create(PROJECT, f"x{next(texts)}")
    HostileLedger(house, texts).write()
    (brew.home / "config").mkdir(exist_ok=True)
    (brew.home / "config" / "alerts.yaml").write_text(ALERTS)
    return brew


def write_rows(path: Path, texts: Sequence[str]) -> None:
    """Write every text as a question or an answer, beside hostile columns; the last rows are rejected for others."""
    names = texts[:NUM_COLUMNS]
    rows = [
        {"question": question, "answer": answer} | {name: f"{name}{question}" for name in names}
        for question, answer in zip(texts[::2], texts[1::2], strict=False)
    ]
    rejected = [{**rows[0], "question": ""}, {**rows[1], "answer": None}]
    path.write_text("\n".join(map(json.dumps, [*rows, *rejected])) + "\n")
