"""Thresholds as data: the file is the code's, a file may change any, and every mistake is told at once."""

from pathlib import Path

import pytest
import yaml

import brewslm
from brewslm.adapters.files.thresholds import FILE, YamlThresholdFiles
from brewslm.core.errors import InvalidRequestError
from brewslm.core.health.layers import layered, thresholds_yaml
from brewslm.core.health.monitor import Monitor
from brewslm.core.health.observation import Observation
from brewslm.core.health.thresholds import Thresholds

SHIPPED = Path(brewslm.__file__).parent / "bundled" / "config" / "thresholds.yaml"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_shipped_file_is_what_the_code_says() -> None:
    assert SHIPPED.read_text() == thresholds_yaml(), (
        "write it anew: brewslm health thresholds --yaml > src/brewslm/bundled/config/thresholds.yaml"
    )


def test_the_shipped_file_gives_the_defaults_and_explains_every_value() -> None:
    data = yaml.safe_load(thresholds_yaml())
    assert Thresholds.model_validate(data, strict=True) == Thresholds()
    lines = thresholds_yaml().splitlines()
    for place, line in enumerate(lines):
        if line and not line.lstrip().startswith("#"):
            assert lines[place - 1].lstrip().startswith("#"), f"{line!r} has no comment"


def test_later_files_count_more_and_every_value_knows_its_source(tmp_path: Path) -> None:
    own = write(tmp_path / FILE, "memory: {share: 0.8, critical_share: 0.9}\ngradient:\n  limit: 50\n")
    extra = write(tmp_path / "extra.yaml", "memory: {share: 0.7}\n")
    found = layered(YamlThresholdFiles(tmp_path).layers(extra))
    sources = {one.name: (one.value, one.source) for one in found.values}
    assert sources["memory.share"] == (0.7, str(extra))
    assert sources["memory.critical_share"] == (0.9, str(own))
    assert sources["gradient.limit"] == (50, str(own))
    assert sources["stall.training_seconds"] == (60.0, "default")
    assert found.thresholds.memory.share == 0.7


def test_without_files_all_are_defaults(tmp_path: Path) -> None:
    found = layered(YamlThresholdFiles(tmp_path).layers(None))
    assert found.thresholds == Thresholds()
    assert {one.source for one in found.values} == {"default"}


def test_all_mistakes_are_told_at_once_with_their_file(tmp_path: Path) -> None:
    mistakes = [
        "memory: {share: '0.8', shares: 1}",
        *("spikes: {}", "gradient: 7", "loss: {zero_records: 1.5}", "stall: {critical_times: 1}"),
    ]
    path = write(tmp_path / "bad.yaml", "\n".join(mistakes))
    with pytest.raises(InvalidRequestError) as caught:
        layered(YamlThresholdFiles(tmp_path).layers(path))
    text = str(caught.value)
    for name in ("memory.share in", "memory.shares", "spikes", "gradient", "loss.zero_records", "stall.critical_times"):
        assert name in text
    assert text.count(str(path)) == 6


def test_a_warning_must_come_before_the_critical(tmp_path: Path) -> None:
    path = write(tmp_path / "bad.yaml", "memory: {share: 0.995}\ndevice: {temperature: 99}\n")
    with pytest.raises(InvalidRequestError, match=r"memory.share < .*device.temperature < "):
        layered(YamlThresholdFiles(tmp_path).layers(path))


@pytest.mark.parametrize("text", ["- 1", "a: [", "7", "1: {a: 2}"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidRequestError):
        layered(YamlThresholdFiles(tmp_path).layers(write(tmp_path / "bad.yaml", text)))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        YamlThresholdFiles(tmp_path).layers(tmp_path / "none.yaml")


def test_a_threshold_that_is_changed_changes_the_verdict() -> None:
    seen = Observation("device", memory_bytes=85, memory_limit_bytes=100)
    strict = layered([]).thresholds.model_copy(update={"memory": Thresholds().memory.model_copy(update={"share": 0.8})})
    assert not Monitor().feed(seen)
    assert [one.finding.detector for one in Monitor(strict).feed(seen)] == ["memory"]
