"""Data sets of the hub, by its true client, from a server on loopback that answers as the hub does."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.sources.datasets.hub_datasets import HubDatasets
from brewslm.core.errors import CancelledError, SourceError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.source import Fetch, OpenedSource
from tests.fakes.fetch import fetch_into
from tests.fakes.hub import SHA, Hub
from tests.fakes.web_server import WebServer, serving

FILES = {
    "README.md": b"# Rows",
    "data/train-00000-of-00002.parquet": b"train 0",
    "data/train-00001-of-00002.parquet": b"train 1",
    "data/test-00000-of-00001.parquet": b"test 0",
}
Open = Callable[..., OpenedSource]


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The suite is offline; the hub of these tests is on loopback."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[Hub], tuple[WebServer, Open]]]:
    """Start a hub, and get a way to open its data sets."""
    running: list[Any] = []

    def start(hub: Hub) -> tuple[WebServer, Open]:
        context = serving(hub)
        server = context.__enter__()
        running.append(context)
        datasets = HubDatasets(endpoint=server.url(""))
        return server, lambda locator: datasets.open(locator, fetch_into(tmp_path / "fetched"))

    yield start
    for context in running:
        context.__exit__(None, None, None)


def shown(opened: OpenedSource) -> dict[str, str]:
    return {f"{file.name} ({file.split})": file.path.read_text() for file in opened.files}


def test_all_splits_come_pinned_to_a_commit(run: Any) -> None:
    server, open_ = run(Hub(FILES, {"license": "cc-by-4.0"}))
    opened = open_("hf:owner/rows")
    assert shown(opened) == {
        "data/test-00000-of-00001.parquet (test)": "test 0",
        "data/train-00000-of-00002.parquet (train)": "train 0",
        "data/train-00001-of-00002.parquet (train)": "train 1",
    }
    assert (opened.name, opened.revision, opened.licence) == ("hf:owner/rows", SHA, "cc-by-4.0")
    assert all(f"/resolve/{SHA}/" in path for path in server.paths if "/resolve/" in path)


def test_one_split_and_a_revision_are_taken(run: Any) -> None:
    _, open_ = run(Hub(FILES))
    for locator in ("hf:owner/rows:test", "hf:owner/rows::test", "hf:owner/rows:test@v1", f"hf:owner/rows:test@{SHA}"):
        assert shown(open_(locator)) == {"data/test-00000-of-00001.parquet (test)": "test 0"}


def test_configurations_of_the_card_count(run: Any) -> None:
    configs = [
        {
            "config_name": "en",
            "data_files": [{"split": "train", "path": "en/*.jsonl"}, {"split": "dev", "path": "d.csv"}],
        },
        {"config_name": "de", "data_files": "de/**"},
    ]
    files = {"en/a.jsonl": b"a", "en/deep/b.jsonl": b"b", "d.csv": b"d", "de/x/y.jsonl": b"y", "z.jsonl": b"z"}
    _, open_ = run(Hub(files, {"configs": configs}))
    assert shown(open_("hf:owner/rows:en")) == {"en/a.jsonl (train)": "a", "d.csv (dev)": "d"}
    assert shown(open_("hf:owner/rows:en:dev")) == {"d.csv (dev)": "d"}
    assert shown(open_("hf:owner/rows:de")) == {"de/x/y.jsonl (train)": "y"}
    for locator, words in {
        "hf:owner/rows": "has several configurations: name one as hf:owner/rows:CONFIG. There are: de, en.",
        "hf:owner/rows:fr:train": "has no configuration 'fr'",
        "hf:owner/rows:en:test": "has no split 'test'. Its splits are: dev, train.",
    }.items():
        with pytest.raises(SourceError) as caught:
            open_(locator)
        assert words in str(caught.value)


def test_a_data_set_made_by_a_program_is_refused_with_its_converted_form(run: Any) -> None:
    _, open_ = run(Hub({"rows.py": b"import os", "README.md": b""}))
    with pytest.raises(
        SourceError, match=r"'rows.py', and code of others .* hf:owner/rows@refs/convert/parquet"
    ) as caught:
        open_("hf:owner/rows")
    assert caught.value.code is Reason.INGESTION_REFUSED


def test_the_converted_form_has_configurations_and_splits_in_its_folders(run: Any) -> None:
    files = {
        "default/train/0000.parquet": b"0",
        "default/partial-test/0000.parquet": b"1",
        "other/train/0000.parquet": b"2",
    }
    server, open_ = run(Hub(files))
    opened = open_("hf:owner/rows@refs/convert/parquet")
    assert shown(opened) == {"default/partial-test/0000.parquet (test)": "1", "default/train/0000.parquet (train)": "0"}
    assert "/revision/refs%2Fconvert%2Fparquet" in server.paths[0]
    assert shown(open_("hf:owner/rows:other@refs/convert/parquet")) == {"other/train/0000.parquet (train)": "2"}


def test_large_files_come_by_their_redirect_and_go_on_where_they_broke(run: Any) -> None:
    content = bytes(range(256)) * 40_000
    hub = Hub({"rows.jsonl": content}, large=frozenset({"rows.jsonl"}), cuts=[4_000_000])
    server, open_ = run(hub)
    assert open_("hf:owner/rows").files[0].path.read_bytes() == content
    assert next(sent.get("Range") for way, path, sent in server.requests if way == "GET" and "/large/" in path) is None
    assert len([path for way, path, _ in server.requests if way == "GET" and "/large/" in path]) == 2


@pytest.mark.parametrize(
    ("hub", "locator", "words"),
    [
        (Hub(FILES), "hf:owner/absent", "There is no data set 'owner/absent' on the hub, or it is private"),
        (Hub(FILES, name="owner/gated"), "hf:owner/gated", "is gated: accept its terms"),
        (Hub(FILES), "hf:owner/rows@v9", "has no revision 'v9'"),
        (Hub(FILES, refusal=429), "hf:owner/rows", "is asked too often (429)"),
        (
            Hub(FILES, refusal=502),
            "hf:owner/rows",
            "The hub answers 502 for the data set 'owner/rows'. Try again later.",
        ),
        (Hub(FILES, refusal=403), "hf:owner/rows", "Your login may not read the data set 'owner/rows'"),
        (Hub({"README.md": b""}), "hf:owner/rows", "holds no file in a format that is read"),
        (Hub(FILES), "hf:", "does not name a data set"),
        (Hub(FILES), "hf:../../etc", "does not name a data set"),
        (Hub(FILES), "hf:owner/rows@../../x", "does not name a data set"),
        (Hub(FILES), "hf:a/b/c", "does not name a data set"),
        (Hub(FILES), "hf:owner/rows:a:b:c", "does not name a data set"),
    ],
)
def test_what_cannot_be_had_is_one_clear_line(run: Any, hub: Hub, locator: str, words: str) -> None:
    _, open_ = run(hub)
    with pytest.raises(SourceError) as caught:
        open_(locator)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.code is Reason.INGESTION_UNREACHABLE


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "login"), (403, "may not read"), (404, "not there any more|answers 404"), (500, "answers 500")],
)
def test_a_refusal_of_a_file_is_one_clear_line(run: Any, status: int, words: str) -> None:
    _, open_ = run(Hub({"rows.jsonl": b"{}"}, broken=[status] * 50))
    with pytest.raises(SourceError, match=words):
        open_("hf:owner/rows")


def test_a_hub_that_is_not_there_is_told_within_seconds(tmp_path: Path) -> None:
    with serving(Hub(FILES)) as server:
        endpoint = server.url("")
    begin = time.monotonic()
    with pytest.raises(SourceError, match="hub cannot be reached"):
        HubDatasets(endpoint=endpoint).open("hf:owner/rows", fetch_into(tmp_path))
    assert time.monotonic() - begin < 10


def test_offline_means_that_nobody_is_asked(tmp_path: Path) -> None:
    with serving(Hub(FILES)) as server:
        with pytest.raises(SourceError, match="BREWSLM_OFFLINE or HF_HUB_OFFLINE is set"):
            HubDatasets(endpoint=server.url(""), is_offline=True).open("hf:owner/rows", fetch_into(tmp_path))
        assert server.requests == []


def test_progress_is_told_and_cancelling_stops(tmp_path: Path) -> None:
    heard: list[tuple[int, int | None]] = []
    fetch = Fetch(tmp_path, progress=lambda *told: heard.append(told), is_cancelled=lambda: bool(heard))
    with serving(Hub(FILES)) as server, pytest.raises(CancelledError, match="'hf:owner/rows' was cancelled"):
        HubDatasets(endpoint=server.url("")).open("hf:owner/rows", fetch)
    assert heard == [(6, 20)]


def test_files_over_the_limit_are_refused_before_they_come(tmp_path: Path) -> None:
    with serving(Hub(FILES)) as server:
        with pytest.raises(SourceError, match="have 20 bytes; 10 are allowed") as caught:
            HubDatasets(endpoint=server.url(""), max_bytes=10).open("hf:owner/rows", fetch_into(tmp_path))
        assert not any("/resolve/" in path for path in server.paths)
    assert caught.value.code is Reason.INGESTION_REFUSED


def test_names_that_leave_the_folder_are_no_data(run: Any, tmp_path: Path) -> None:
    _, open_ = run(Hub({"../../evil.jsonl": b"x", "/etc/evil.jsonl": b"x", "a/./b.jsonl": b"x", "good.jsonl": b"y"}))
    assert shown(open_("hf:owner/rows")) == {"good.jsonl (train)": "y"}
    assert not list(tmp_path.glob("evil*"))
