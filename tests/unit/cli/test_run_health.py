"""`brewslm health`: its exit codes say how the training is, and scripts may rely on them."""

import json
import math
from pathlib import Path

import pytest
import yaml

from brewslm.cli.main import main
from brewslm.core.health.thresholds import Thresholds


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BREWSLM_HOME", str(tmp_path / "home"))
    return tmp_path


def health(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["health", *words])
    return int(left.value.code or 0)


def log(folder: Path, *losses: float) -> str:
    path = folder / "train.jsonl"
    rows = [{"step": at, "loss": loss, "grad_norm": 1.0} for at, loss in enumerate(losses, start=1)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


FALLING = [3 - math.log(at) / 3 for at in range(1, 60)]


def test_exit_codes_are_the_verdict(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert health("replay", log(home, *FALLING)) == 0
    assert health("replay", log(home, *FALLING, 9.0)) == 1
    assert health("replay", log(home, *FALLING, math.nan)) == 2
    assert health("replay", log(home)) == 3
    assert "no record holds a loss" in capsys.readouterr().out


def test_whatever_keeps_it_from_judging_is_unknown_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["replay", str(home / "none.jsonl")], ["7"], ["replay"], ["replay", log(home, 1.0), "--nonsense"]):
        assert health(*words) == 3
        assert capsys.readouterr().err.startswith("error: ")


def test_json_holds_alerts_with_what_to_do_and_is_the_same_every_time(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log(home, *FALLING, math.nan, *FALLING)
    health("replay", path, "--json")
    first = capsys.readouterr().out
    health("replay", path, "--json")
    assert capsys.readouterr().out == first
    alert = json.loads(first)["alerts"][0]
    assert (alert["event"], alert["finding"]["detector"], alert["finding"]["step"]) == ("opened", "non_finite", 60)
    assert alert["finding"]["action"]


def test_a_file_of_thresholds_changes_the_verdict(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "strict.yaml"
    path.write_text("gradient: {limit: 0.5, critical_limit: 0.9}\n")
    assert health("replay", log(home, *FALLING), "--thresholds", str(path)) == 2
    assert "gradient_norm" in capsys.readouterr().out


def test_thresholds_are_printed_with_their_sources_and_as_a_file(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / "strict.yaml"
    path.write_text("memory: {share: 0.8}\n")
    assert health("thresholds", "--thresholds", str(path), "--json") == 0
    values = {one["name"]: (one["value"], one["source"]) for one in json.loads(capsys.readouterr().out)}
    assert values["memory.share"] == (0.8, str(path))
    assert values["gradient.limit"] == (100.0, "default")

    assert health("thresholds", "--yaml") == 0
    assert Thresholds.model_validate(yaml.safe_load(capsys.readouterr().out)) == Thresholds()


def test_the_page_says_what_to_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    health("replay", log(home, *FALLING, math.nan))
    page = capsys.readouterr().out
    assert "loss is nan" in page
    assert "go back to the last checkpoint" in page
    assert "critical" in page
