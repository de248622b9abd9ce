"""A whole life through the command line, stage by stage, on data of one's own."""

import json
from pathlib import Path

import pytest

from brewslm.adapters.sources.bundled import BASE_MODELS_FOLDER
from brewslm.core.project import BUNDLED_BASE_MODEL
from tests.journeys.brew import QUICK, Brew, Inside, as_options, write_chat
from tests.journeys.stranger import losses_of_a_stranger


def test_a_life_stage_by_stage(brew: Brew, tmp_path: Path) -> None:
    data = write_chat(tmp_path / "sums.jsonl")

    project = brew.ask("project", "create", "--name", "sums", "--template", "general")
    assert project["id"] == 1

    snapshot = brew.ask("ingest", str(data), "--project", "1")["artifact"]["body"]
    assert (snapshot["num_rows"], snapshot["num_malformed"]) == (93, 1)
    assert brew.ask("introspect", "--project", "1")["artifact"]["body"]["chosen"] == "chat"
    preview = brew.ask("map", "--dry-run", "--project", "1")["artifact"]["body"]
    dataset = brew.ask("map", "--commit", "--project", "1")["artifact"]["body"]
    assert preview["tally"] == dataset["tally"] == {"total": 93, "accepted": 91, "repaired": 0, "rejected": 2}
    assert brew.ask("clean", "--project", "1")["artifact"]["body"]["removed"] == {"exact_duplicate": 1}

    rejections = brew.ask("dataset", "rejections", "--project", "1")["rejections"]
    assert [(one["line"], one["reason"]) for one in rejections] == [(91, "malformed_record"), (92, "empty_completion")]
    brew.run("dataset", "rejections", "--project", "1", "--reason", "empty_completion", "--output", str(tmp_path / "r"))
    assert len((tmp_path / "r").read_text().splitlines()) == 1

    manifest = brew.ask("prepare", "--project", "1", "--max-seq-len", "128")["artifact"]["body"]
    assert sum(split["num_examples"] for split in manifest["splits"]) == 90 - manifest["num_dropped"]

    planned = brew.run("preflight", "--project", "1", "--task", "causal_lm", "--plan", *as_options(QUICK))
    assert "estimated" in planned.stdout
    assert "preparing it first" in planned.stderr  # 128 tokens were asked for above, and not here
    brew.ask("train", "--project", "1")
    report = brew.ask("evaluate", "--project", "1", "--prompt", "I have 3 cups.")["artifact"]["body"]
    assert {loss["split"] for loss in report["losses"]} == {"eval", "test"}
    assert [answer["prompt"] for answer in report["answers"]] == ["I have 3 cups."]

    backlog = {entry["finding"]["key"]: entry for entry in brew.ask("backlog", "list", "--project", "1")}
    assert {"rejections/malformed_record", "rejections/empty_completion"} <= set(backlog)
    number = str(backlog["rejections/empty_completion"]["number"])
    assert brew.ask("backlog", "take", number, "--project", "1")["state"] == "taken"

    copy = tmp_path / "bundle"
    exported = brew.ask(
        "export", "--project", "1", "--format", "huggingface", "--target", "vllm", "--output", str(copy)
    )
    assert exported["artifact"]["body"]["parity"]["passed"]
    assert Brew(tmp_path / "no-workspace").ask("bundle", "verify", str(copy))["is_whole"]
    assert not (tmp_path / "no-workspace").exists()
    trained_on = brew.ask("artifacts", "show", "adapter")["body"]["manifest_id"]
    splits = brew.ask("artifacts", "show", trained_on)["body"]["splits"]
    folder = next(split["folder"] for split in splits if split["name"] == "eval")
    logged = json.loads((copy / "bundle.json").read_text())["eval_loss"]
    seen = losses_of_a_stranger(copy, BASE_MODELS_FOLDER / BUNDLED_BASE_MODEL, brew.home / "projects" / "1" / folder)
    assert seen == pytest.approx((logged, logged), abs=1e-3)
    assert brew.ask("deploy", "--project", "1")["release"]["version"] == 1
    assert "estimated" in brew.run("optimize", "--project", "1", "--target", "mobile_iphone15").stdout
    measured = brew.ask("artifacts", "show", "optimization")["body"]
    assert [one["device_tokens_per_second"] for one in measured["candidates"]] == [None] * 4

    brew.check_books()
    stages = brew.ask("project", "show", "1")["stages"]
    assert [stage["status"] for stage in stages] == ["completed"] * 11
    lineage = [one["kind"] for one in brew.ask("artifacts", "lineage", exported["artifact"]["id"])]
    assert lineage[0] == "bundle"
    assert {"eval_report", "adapter", "readiness", "manifest", "dataset", "mapping", "snapshot"} < set(lineage)


@pytest.mark.parametrize("command", ["introspect", "clean", "prepare", "preflight", "train", "evaluate", "export"])
def test_a_step_too_early_says_which_comes_first(inside: Inside, command: str) -> None:
    inside.run("project", "create", "--name", "early")
    assert "`brewslm " in inside.refuse(command, "--project", "1")


def test_a_blocked_preflight_leaves_with_one_and_a_training_is_refused(inside: Inside, tmp_path: Path) -> None:
    brew = inside
    brew.run("project", "create", "--name", "blocked")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    blocked = brew.run("preflight", "--project", "1", "--set", "data.batch_size=4096", code=1)
    assert "block" in blocked.stdout
    assert "4096" in brew.refuse("train", "--project", "1")
    assert brew.reasons()[-2:] == ["preflight_blocked", "preflight_blocked"]
    wrong = brew.refuse("preflight", "--project", "1", "--set", "optim.learning_rate=9", "--set", "optim.lr=1")
    assert "optim.learning_rate" in wrong
    assert "optim.lr" in wrong
