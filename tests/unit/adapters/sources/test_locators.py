"""Locators: paths, `file:`, samples; one clear line for everything else."""

import json
import os
from pathlib import Path

import pytest

from brewslm.adapters.sources.locators import LocalSources
from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from tests.fakes.fetch import fetch_into


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my data: v1.csv"
    path.write_text("a,b\n1,2\n")
    return path


def test_a_path_is_opened(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("HOME", str(file.parent))
    for locator in (str(file), f" {file} ", file.name, f"./{file.name}", f"~/{file.name}"):
        opened = LocalSources().open(locator, fetch_into(tmp_path / "fetched"))
        assert opened.files[0].path.samefile(file)
        assert opened.files[0].path.is_absolute()
        assert opened.name == "my data: v1.csv"


def test_a_file_locator_is_opened(file: Path, tmp_path: Path) -> None:
    for locator in (file.as_uri(), f"file://localhost{file.as_uri().removeprefix('file://')}"):
        opened = LocalSources().open(locator, fetch_into(tmp_path / "fetched"))
        assert opened.files[0].path.samefile(file)


@pytest.mark.parametrize(
    ("locator", "words"),
    [
        ("nothing.csv", "There is no file 'nothing.csv'"),
        ("", "is a folder"),
        (".", "is a folder"),
        ("x" * 5000, "cannot be read"),
        ("a\0b", "There is no file"),
        ("https://example.org/a.csv", "kind 'https:' are not on this machine"),
        ("*.csv", "No file matches '*.csv'"),
        ("nowhere/*.csv", "There is no folder 'nowhere' for the pattern 'nowhere/*.csv'"),
        ("file://elsewhere/a.csv", "names the machine 'elsewhere'"),
        ("file:///nothing.csv", "There is no file '/nothing.csv'"),
        ("sample:nope", "There is no sample 'nope'. The bundled samples are: "),
        ("sample:../../x", "There is no sample '../../x'"),
        ("~nobody-of-this-name/a.csv", "home folder"),
        ("/dev/null", "no regular file"),
    ],
)
def test_what_cannot_be_opened_says_so(
    locator: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError) as caught:
        LocalSources().open(locator, fetch_into(tmp_path / "fetched"))
    assert words in str(caught.value)
    assert caught.value.code == Reason.INGESTION_UNREACHABLE
    assert len(str(caught.value)) < 6000


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tree"
    for name in ("b.jsonl", "a.jsonl", "a.csv", ".hidden.jsonl", "deep/er/c.jsonl", "deep/a.jsonl", "dir.jsonl/x.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("pattern", "name", "files"),
    [
        ("*.jsonl", "*.jsonl", ["a.jsonl", "b.jsonl"]),
        ("{tree}/*.jsonl", "*.jsonl", ["a.jsonl", "b.jsonl"]),
        ("file:{tree}/*.jsonl", "*.jsonl", ["a.jsonl", "b.jsonl"]),
        ("**/*.jsonl", "**/*.jsonl", ["a.jsonl", "b.jsonl", "deep/a.jsonl", "deep/er/c.jsonl"]),
        ("deep/*.jsonl", "*.jsonl", ["a.jsonl"]),
        ("deep/**", "**", ["a.jsonl", "er/c.jsonl"]),
        ("[ab].jsonl", "[ab].jsonl", ["a.jsonl", "b.jsonl"]),
        ("?.csv", "?.csv", ["a.csv"]),
        (".*.jsonl", ".*.jsonl", [".hidden.jsonl"]),
        ("**/a.*", "**/a.*", ["a.csv", "a.jsonl", "deep/a.jsonl"]),
    ],
)
def test_a_pattern_opens_its_files_in_the_order_of_their_names(
    tree: Path, pattern: str, name: str, files: list[str], tmp_path: Path
) -> None:
    opened = LocalSources().open(pattern.format(tree=tree), fetch_into(tmp_path / "fetched"))
    assert opened.name == name, "without the folders of this machine"
    assert [file.name for file in opened.files] == files
    assert all(file.path.is_absolute() and file.path.read_text().endswith(file.name) for file in opened.files)


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tree: Path, tmp_path: Path) -> None:
    (tree / "[ab].jsonl").write_text("itself")
    opened = LocalSources().open("[ab].jsonl", fetch_into(tmp_path / "fetched"))
    assert [file.path.read_text() for file in opened.files] == ["itself"]


def test_a_folder_is_refused_with_a_pattern_for_its_usual_files(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"is a folder.*several by a pattern such as '.*/tree/\*\.jsonl'"):
        LocalSources().open(str(tree), fetch_into(tmp_path / "fetched"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_says_so(file: Path, tmp_path: Path) -> None:
    file.chmod(0)
    with pytest.raises(SourceError, match="Permission denied"):
        LocalSources().open(str(file), fetch_into(tmp_path / "fetched"))


def test_bundled_samples_are_listed_and_opened(tmp_path: Path) -> None:
    sources = LocalSources()
    assert set(sources.samples()) >= {"general-chat-v1", "support-chat-v1", "legal-contract-v1"}
    for name in sources.samples():
        opened = sources.open(f"sample:{name}", fetch_into(tmp_path / "fetched"))
        assert opened.name == f"{name}.jsonl"
        assert opened.licence
        assert len(sources.sample_prompts(name)) >= 3
    assert sources.sample_prompts("nope") == ()


def test_a_damaged_sample_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "broken-v1"
    folder.mkdir()
    (folder / "sample.json").write_text("{")
    with pytest.raises(SourceError, match="'broken-v1' is damaged"):
        LocalSources(tmp_path).open("sample:broken-v1", fetch_into(tmp_path / "fetched"))
    (folder / "sample.json").write_text(json.dumps({"prompts": ["a", 1]}))
    assert LocalSources(tmp_path).sample_prompts("broken-v1") == ("a",)
