"""Kaggle, by its own client, from a server on loopback that answers as Kaggle does and is the client's proxy."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from brewslm.adapters.sources.kaggle import KaggleFiles
from brewslm.core.errors import CancelledError, SourceError
from brewslm.core.ports.source import Fetch
from tests.fakes.fetch import fetch_into
from tests.fakes.web_server import Exchange, WebServer, serving

ARCHIVE = b"PK\x03\x04" + bytes(range(256)) * 5000
TOKEN = "KGAT_secret"


class Kaggle:
    """Answers questions about one data set and one competition; files come from a redirect, as they do there."""

    def __init__(self) -> None:
        self.refusal: int | None = None
        self.cuts: list[int] = []
        self.asked: list[tuple[str, dict[str, object]]] = []

    def __call__(self, exchange: Exchange) -> None:
        path = exchange.path.removeprefix("http://localhost:7777")
        if path.startswith("/storage/"):
            return exchange.give_file(ARCHIVE, cut=self.cuts.pop(0) if self.cuts else None)
        question = path.rpartition("/")[2]
        body = json.loads(exchange.body)
        self.asked.append((question, body))
        if self.refusal is not None:
            return exchange.answer(self.refusal, b"{}")
        if exchange.headers.get("Authorization") != f"Bearer {TOKEN}":
            return exchange.answer(401, b"{}")
        if "rows" not in json.dumps(body) and "race" not in json.dumps(body):
            return exchange.answer(404, b"{}")
        if question == "GetDataset":
            facts = {"ref": "owner/rows", "currentVersionNumber": 7, "licenseName": "CC0-1.0"}
            return exchange.answer(200, json.dumps(facts).encode(), Content_Type="application/json")
        name = body.get("fileName", "archive.zip")
        return exchange.answer(302, Location=f"http://localhost:7777/storage/{name}?X-Goog-Signature=secret")


@pytest.fixture
def kaggle() -> Kaggle:
    return Kaggle()


@pytest.fixture
def server(kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WebServer]:
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(kaggle) as running:
        monkeypatch.setenv("http_proxy", running.url(""))
        yield running


def test_a_data_set_comes_as_its_archive_pinned_to_a_version(server: WebServer, kaggle: Kaggle, tmp_path: Path) -> None:
    opened = KaggleFiles().open("kaggle:dataset:owner/rows", fetch_into(tmp_path / "f"))
    assert opened.files[0].path.read_bytes() == ARCHIVE
    assert (opened.files[0].name, opened.name) == ("archive.zip", "kaggle:dataset:owner/rows")
    assert (opened.revision, opened.licence) == ("7", "CC0-1.0")
    assert kaggle.asked[1][1]["datasetVersionNumber"] == 7


def test_one_file_of_a_data_set_or_competition(server: WebServer, kaggle: Kaggle, tmp_path: Path) -> None:
    for locator in ("kaggle:dataset:owner/rows/train.csv", "kaggle:competition:race/train.csv"):
        opened = KaggleFiles().open(locator, fetch_into(tmp_path / "f"))
        assert (opened.files[0].name, opened.name) == ("train.csv", locator)
    opened = KaggleFiles().open("kaggle:competition:race", fetch_into(tmp_path / "f"))
    assert opened.files[0].path.read_bytes() == ARCHIVE


def test_a_broken_download_is_tried_again(server: WebServer, kaggle: Kaggle, tmp_path: Path) -> None:
    kaggle.cuts = [1000, 500_000]
    opened = KaggleFiles().open("kaggle:dataset:owner/rows", fetch_into(tmp_path / "f"))
    assert opened.files[0].path.read_bytes() == ARCHIVE
    kaggle.cuts = [1000] * 9
    with pytest.raises(SourceError, match="cannot be reached"):
        KaggleFiles().open("kaggle:dataset:owner/rows", fetch_into(tmp_path / "f"))


@pytest.mark.parametrize(
    ("refusal", "locator", "words"),
    [
        (401, "kaggle:dataset:owner/rows", "wants a login for 'kaggle:dataset:owner/rows': make a token"),
        (403, "kaggle:competition:race", "accepted the rules of the competition"),
        (404, "kaggle:dataset:owner/rows", "There is no 'kaggle:dataset:owner/rows' on Kaggle"),
        (429, "kaggle:dataset:owner/rows", "asked too often"),
        (500, "kaggle:dataset:owner/rows", "Kaggle answers 500"),
        (None, "kaggle:dataset:rows", "names nothing on Kaggle"),
        (None, "kaggle:model:owner/x", "names nothing on Kaggle"),
        (None, "kaggle:dataset:owner/rows/../../x", "names nothing on Kaggle"),
        (None, "kaggle:", "names nothing on Kaggle"),
    ],
)
def test_what_cannot_be_had_is_one_clear_line(
    server: WebServer, kaggle: Kaggle, tmp_path: Path, refusal: int | None, locator: str, words: str
) -> None:
    kaggle.refusal = refusal
    with pytest.raises(SourceError) as caught:
        KaggleFiles().open(locator, fetch_into(tmp_path / "f"))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_without_a_login_the_line_says_how_to_get_one(
    server: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    with pytest.raises(SourceError, match="KAGGLE_API_TOKEN"):
        KaggleFiles().open("kaggle:dataset:owner/rows", fetch_into(tmp_path / "f"))


def test_without_the_extra_the_line_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglesdk", None)
    with pytest.raises(SourceError, match=r"pip install 'brewslm\[kaggle\]'"):
        KaggleFiles().open("kaggle:dataset:owner/rows", fetch_into(tmp_path / "f"))


def test_limits_offline_and_cancelling(server: WebServer, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="larger than 1,000 bytes"):
        KaggleFiles(max_bytes=1000).open("kaggle:dataset:owner/rows", fetch_into(tmp_path / "f"))
    with pytest.raises(SourceError, match="BREWSLM_OFFLINE"):
        KaggleFiles(is_offline=True).open("kaggle:dataset:owner/rows", fetch_into(tmp_path / "f"))
    with pytest.raises(CancelledError):
        KaggleFiles().open("kaggle:dataset:owner/rows", Fetch(tmp_path, lambda *_: None, lambda: True))
