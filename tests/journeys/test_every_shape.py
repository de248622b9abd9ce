"""Data of every shape goes through the data half, and what is trained on new shapes can be evaluated."""

import json
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest

from brewslm.adapters.sources.bundled import BASE_MODELS_FOLDER
from brewslm.core.data.example import Shape
from brewslm.core.project import BUNDLED_BASE_MODEL
from tests.journeys.brew import Inside, as_options

LAYOUTS = Path(__file__).parents[1] / "data" / "layouts"

FILES = {
    "chat": "sharegpt_function_call.json",
    "instruction": "alpaca.json",
    "prompt_completion": "prompt_completion.jsonl",
    "qa": "spanish_qa.csv",
    "classification": "intents.csv",
    "preference": "preference_messages.jsonl",
    "binary_feedback": "kto.jsonl",
    "extraction": "spans.jsonl",
    "summarisation": "articles.jsonl",
    "translation": "translation_src_tgt.tsv",
    "plain_text": "plain_text.jsonl",
    "documents": "web_pages.jsonl",
}

TWO_STEPS = {"data.total_steps": 2, "data.batch_size": 2, "monitor.eval_every": 2, "monitor.checkpoint_every": 2}

TEMPLATE = (
    "{%- if tools -%}{{- '<|im_start|>system\\nCall: ' ~ (tools | tojson) ~ '<|im_end|>\\n' -}}{%- endif -%}"
    "{%- for message in messages -%}{{- '<|im_start|>' ~ message['role'] ~ '\\n' ~ message['content'] -}}"
    "{%- for call in message.get('tool_calls') or [] -%}{{- call.function | tojson -}}{%- endfor -%}"
    "{{- '<|im_end|>\\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model with a template that knows of tools."""
    folder = tmp_path_factory.mktemp("bases") / "caller"
    shutil.copytree(BASE_MODELS_FOLDER / BUNDLED_BASE_MODEL, folder)
    (folder / "chat_template.jinja").unlink()
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


def imported(inside: Inside, shape: str, caller: Path) -> dict[str, Any]:
    inside.run("project", "create", "--name", shape, "--base-model", str(caller))
    inside.run("dataset", "import", "--project", "1", str(LAYOUTS / FILES[shape]))
    dataset: dict[str, Any] = inside.ask("artifacts", "show", "dataset")["body"]
    return dataset


def autopilot(inside: Inside, *options: str) -> Any:
    return inside.run_any("train", "--project", "1", "--autopilot", "--one-click", *options, *as_options(TWO_STEPS))


def test_no_shape_is_forgotten() -> None:
    assert set(FILES) == set(get_args(Shape))


@pytest.mark.parametrize("shape", FILES)
def test_a_file_is_imported_and_prepared(inside: Inside, shape: str, caller: Path) -> None:
    dataset = imported(inside, shape, caller)
    tally = dataset["tally"]
    assert dataset["shape"] == shape
    assert tally["accepted"] + tally["repaired"] == tally["total"] > 0
    inside.run("clean", "--project", "1")
    manifest = inside.ask("prepare", "--project", "1", "--truncation", "truncate")["artifact"]["body"]
    assert manifest["shape"] == shape
    assert all(split["num_examples"] > 0 and split["num_trained_tokens"] > 0 for split in manifest["splits"])


@pytest.mark.parametrize(
    ("shape", "num_answers"),
    [("plain_text", 0), ("preference", 1), pytest.param("chat", 1, marks=pytest.mark.long)],
)
def test_a_new_shape_is_trained_and_evaluated(inside: Inside, shape: str, num_answers: int, caller: Path) -> None:
    imported(inside, shape, caller)
    done = autopilot(inside)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("only the chosen answers are trained" in done.stdout + done.stderr) is (shape == "preference")
    report = inside.ask("artifacts", "show", "eval_report")["body"]
    assert {loss["split"] for loss in report["losses"]} == {"eval", "test"}
    assert len(report["answers"]) >= num_answers
    assert bool(report["answers"]) is (num_answers > 0)


@pytest.mark.parametrize(("shape", "mode"), [("preference", "dpo"), ("binary_feedback", "kto")])
def test_judgements_are_learnt_from_and_evaluated(
    inside: Inside, shape: str, mode: str, caller: Path, tmp_path: Path
) -> None:
    inside.run("project", "create", "--name", mode, "--base-model", str(caller))
    inside.run("dataset", "import", "--project", "1", str(judged_rows(tmp_path, shape)))
    done = autopilot(inside, "--mode", mode)
    assert done.returncode == 0, done.stdout + done.stderr
    adapter = inside.ask("artifacts", "show", "adapter")["body"]
    assert adapter["rewards"]["margin_low"] <= adapter["rewards"]["margin"] <= adapter["rewards"]["margin_high"]
    assert "reward accuracy" in done.stderr
    assert len(inside.ask("artifacts", "show", "eval_report")["body"]["losses"]) == 2


def judged_rows(folder: Path, shape: str) -> Path:
    """Enough rows that each split has some of each kind."""
    rows = []
    for number in range(60):
        question, right, wrong = f"What is {number} + 1?", f"It is {number + 1}.", f"Who knows {number}?"
        if shape == "preference":
            rows.append({"prompt": question, "chosen": right, "rejected": wrong})
        else:
            is_good = number % 2 == 0
            rows.append({"prompt": question, "completion": right if is_good else wrong, "label": is_good})
    file = folder / f"{shape}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_the_autopilot_does_not_train_bad_answers(inside: Inside, caller: Path) -> None:
    imported(inside, "binary_feedback", caller)
    done = autopilot(inside)
    assert done.returncode != 0
    assert "would be learnt like the good ones" in done.stderr
    assert "mode=kto" in done.stderr
