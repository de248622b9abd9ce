"""What all sources promise; run on the fake and on those of this machine."""

import json
from pathlib import Path

import pytest

from brewslm.adapters.sources.dispatch import DispatchedSources
from brewslm.adapters.sources.locators import LocalSources
from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.source import Fetch, OpenedSource, SourceFile, Sources
from tests.fakes.fetch import fetch_into
from tests.fakes.sources import FakeSources

ROW = '{"prompt": "Hi", "completion": "Hello"}\n'
PROMPTS = ("Who are you?", "Say hello.")


@pytest.fixture(params=["fake", "local", "dispatched"])
def sources(request: pytest.FixtureRequest, tmp_path: Path) -> Sources:
    samples = tmp_path / "samples"
    for name in ("chat-v1", "legal-v1"):
        (samples / name).mkdir(parents=True)
        (samples / name / "data.jsonl").write_text(ROW)
        card = {"name": name, "licence": "Apache-2.0", "prompts": PROMPTS if name == "chat-v1" else []}
        (samples / name / "sample.json").write_text(json.dumps(card))
    if request.param == "local":
        return LocalSources(samples)
    if request.param == "dispatched":
        return DispatchedSources(LocalSources(samples), {"memory": _from_memory}, reveal=str)
    return FakeSources(
        {name: samples / name / "data.jsonl" for name in ("legal-v1", "chat-v1")}, prompts={"chat-v1": PROMPTS}
    )


def _from_memory(locator: str, fetch: Fetch) -> OpenedSource:
    path = fetch.folder / "brought"
    path.write_text(ROW)
    return OpenedSource(files=(SourceFile(path=path, name="rows.jsonl"),), name=locator)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my data.jsonl"
    path.write_text(ROW)
    return path


def test_a_file_is_opened_by_its_path(sources: Sources, file: Path, tmp_path: Path) -> None:
    for locator in (str(file), f"file:{file}"):
        opened = sources.open(locator, fetch_into(tmp_path / "fetched"))
        assert opened.files[0].path.read_text() == ROW
        assert (opened.files[0].path.is_absolute(), opened.name, opened.licence) == (True, "my data.jsonl", None)


def test_a_sample_is_opened_by_its_name(sources: Sources, tmp_path: Path) -> None:
    opened = sources.open("sample:chat-v1", fetch_into(tmp_path / "fetched"))
    assert opened.files[0].path.read_text() == ROW
    assert (opened.name, opened.licence) == ("chat-v1.jsonl", "Apache-2.0")


def test_files_of_a_pattern_come_in_the_order_of_their_names(sources: Sources, file: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name in ("b.jsonl", "a.jsonl", "c.csv"):
        (tmp_path / "more" / name).write_text(ROW)
    opened = sources.open(f"{tmp_path}/more/*.jsonl", fetch_into(tmp_path / "fetched"))
    assert [(one.name, one.path.read_text()) for one in opened.files] == [("a.jsonl", ROW), ("b.jsonl", ROW)]
    assert opened.name == "*.jsonl"


def test_other_schemes_go_to_their_openers(tmp_path: Path) -> None:
    dispatched = DispatchedSources(LocalSources(), {"memory": _from_memory}, reveal=str)
    assert dispatched.open("MEMORY:x", fetch_into(tmp_path / "fetched")).name == "MEMORY:x"
    with pytest.raises(SourceError, match=r"kind 'telnet:' cannot be opened.* one of file:, memory:, sample:"):
        dispatched.open("telnet://x", fetch_into(tmp_path / "fetched"))


@pytest.mark.parametrize(
    "locator", ["", "absent.jsonl", ".", "sample:absent", "sample:", "sample:../chat-v1", "file:/absent"]
)
def test_what_cannot_be_opened_is_unreachable(sources: Sources, locator: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        sources.open(locator, fetch_into(tmp_path / "fetched"))
    assert caught.value.code is Reason.INGESTION_UNREACHABLE
    assert "\n" not in str(caught.value)


def test_samples_are_listed_by_name(sources: Sources) -> None:
    assert sources.samples() == ("chat-v1", "legal-v1")


def test_prompts_belong_to_a_sample(sources: Sources) -> None:
    assert sources.sample_prompts("chat-v1") == PROMPTS
    assert sources.sample_prompts("legal-v1") == ()
    assert sources.sample_prompts("absent") == ()
