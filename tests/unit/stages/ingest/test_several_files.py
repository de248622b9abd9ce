"""A source of several files is one snapshot: each file by its own format, with its own counts."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from brewslm.core.errors import BrewError, SourceError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.source import Fetch, OpenedSource, SourceFile
from brewslm.stages.ingest import INGEST
from brewslm.stages.ingest.contract import IngestInputs
from tests.data.ingest.binaries import parquet_of, xlsx_of, zip_of
from tests.unit.stages.workbench import Workbench

FILES = {
    "a.csv": b"text,label\nhello,x\nlonely\n",
    "b.jsonl": b'{"text": "hi", "label": "y"}\n',
    "c.parquet": None,
    "d/e.txt": b"A document.\n",
}


@dataclass(frozen=True)
class ListedSources:
    """Gives what the test lists."""

    opened: OpenedSource
    fetched: dict[str, bytes]
    """Files that come into the folder for what is downloaded."""

    def open(self, locator: str, fetch: Fetch) -> OpenedSource:
        fetch.progress(1, 2)
        fetch.progress(2, 2)
        files = list(self.opened.files)
        for name, data in self.fetched.items():
            (fetch.folder / name).write_bytes(data)
            files.append(SourceFile(path=fetch.folder / name, name=name))
        return self.opened.model_copy(update={"files": tuple(files)})

    def samples(self) -> tuple[str, ...]:
        return ()

    def sample_prompts(self, name: str) -> tuple[str, ...]:
        return ()


def write(folder: Path, files: dict[str, bytes | None], splits: dict[str, str] | None = None) -> tuple[SourceFile, ...]:
    found = []
    for name, data in files.items():
        path = folder / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if data is not None else parquet_of([{"text": "ho", "label": "z"}] * 3))
        found.append(SourceFile(path=path, name=name, split=(splits or {}).get(name)))
    return tuple(found)


def listing(
    bench: Workbench, files: tuple[SourceFile, ...], fetched: dict[str, bytes] | None = None, **facts: str
) -> Workbench:
    opened = OpenedSource(files=files, name="listed", **facts)
    bench.context = replace(bench.context, sources=ListedSources(opened, fetched or {}))
    return bench


INPUTS = IngestInputs(locator="listed", max_malformed_share=1.0)


def test_each_file_is_read_by_its_own_format_and_counted(bench: Workbench) -> None:
    snapshot = listing(bench, write(bench.folder, FILES)).run(INGEST, INPUTS)
    counts = [(part.name, part.format, part.num_rows, part.num_malformed) for part in snapshot.parts]
    assert counts == [
        ("a.csv", "csv", 2, 1),
        ("b.jsonl", "jsonl", 1, 0),
        ("c.parquet", "parquet", 3, 0),
        ("d/e.txt", "text", 1, 0),
    ]
    assert (snapshot.num_rows, snapshot.num_malformed, snapshot.num_parts) == (7, 1, 4)
    assert (snapshot.format, snapshot.encoding) == ("mixed", "mixed")
    assert snapshot.first_problems == ("a.csv, line 3: it has 1 cells where the header has 2",)
    rows = bench.rows(snapshot, "rows.parquet")
    assert [row["row"] for row in rows] == list(range(7))
    assert [row["file"] for row in rows] == ["a.csv"] * 2 + ["b.jsonl"] + ["c.parquet"] * 3 + ["d/e.txt"]
    assert [row["line"] for row in rows] == [2, 3, 1, 1, 2, 3, 1]
    assert "7 rows read from 'listed' (4 files), 1 malformed." in bench.reports[-1].summary


def test_the_untouched_bytes_of_every_file_are_kept(bench: Workbench) -> None:
    files = write(bench.folder, FILES)
    snapshot = listing(bench, files).run(INGEST, INPUTS)
    kept = {file.path.split("/original/")[1]: file for file in snapshot.files if "/original/" in file.path}
    assert set(kept) == set(FILES)
    for file in files:
        assert bench.shelf.path(kept[file.name].path).read_bytes() == file.path.read_bytes()


def test_what_was_fetched_is_moved_not_copied(bench: Workbench) -> None:
    listing(bench, (), {"x.csv": b"a,b\n1,2\n"}).run(INGEST, INPUTS)
    assert len(list((bench.folder / "workspace").rglob("x.csv"))) == 1
    assert bench.fractions == sorted(bench.fractions)


def test_a_pinned_revision_stands_in_for_the_bytes(bench: Workbench) -> None:
    files = write(bench.folder, {"train.csv": b"a,b\n1,2\n"}, {"train.csv": "train"})
    snapshot = listing(bench, files, revision="0123abc", licence="mit").run(INGEST, INPUTS)
    assert (snapshot.revision, snapshot.licence) == ("0123abc", "mit")
    assert not [file for file in snapshot.files if "/original/" in file.path]
    assert files[0].path.exists()
    assert bench.rows(snapshot, "rows.parquet")[0]["split"] == "train"


def test_equal_files_from_another_folder_are_the_same_snapshot_stored_once(bench: Workbench, tmp_path: Path) -> None:
    first = listing(bench, write(tmp_path / "one", FILES)).run(INGEST, INPUTS)
    second = listing(bench, write(tmp_path / "two", FILES)).run(INGEST, INPUTS)
    assert first == second
    assert len(list((bench.folder / "workspace").rglob("rows.parquet"))) == 1
    assert str(tmp_path) not in first.model_dump_json()


def test_a_changed_file_is_another_snapshot(bench: Workbench, tmp_path: Path) -> None:
    first = listing(bench, write(tmp_path / "one", FILES)).run(INGEST, INPUTS)
    second = listing(bench, write(tmp_path / "two", FILES | {"b.jsonl": b'{"text": "HI"}\n'})).run(INGEST, INPUTS)
    assert first.id != second.id


def test_an_empty_file_among_several_is_said(bench: Workbench) -> None:
    files = write(bench.folder, {"a.csv": b"x,y\n1,2\n", "b.csv": b"", "c.csv": b"x,y\n"})
    snapshot = listing(bench, files).run(INGEST, INPUTS)
    assert snapshot.num_rows == 1
    assert snapshot.notes == ("'b.csv' holds no record", "'c.csv' holds no record")


def test_all_files_empty_is_an_error(bench: Workbench) -> None:
    files = write(bench.folder, {"a.csv": b"", "b.csv": b"x,y\n"})
    with pytest.raises(SourceError, match=r"The 2 files, 'a\.csv' first, have no rows") as caught:
        listing(bench, files).run(INGEST, INPUTS)
    assert caught.value.code == Reason.INGESTION_EMPTY


def test_an_empty_split_is_an_error(bench: Workbench) -> None:
    files = write(bench.folder, {"a.csv": b"x,y\n1,2\n", "b.csv": b"x,y\n"}, {"a.csv": "train", "b.csv": "test"})
    with pytest.raises(SourceError, match="The split 'test' of the source has no rows") as caught:
        listing(bench, files).run(INGEST, INPUTS)
    assert caught.value.code == Reason.INGESTION_EMPTY


def test_one_file_of_a_foreign_format_is_named(bench: Workbench) -> None:
    files = write(bench.folder, {"a.csv": b"x,y\n1,2\n", "b.db": b"SQLite format 3\0" + bytes(100)})
    with pytest.raises(SourceError, match=r"'b\.db' is a SQLite file") as caught:
        listing(bench, files).run(INGEST, INPUTS)
    assert caught.value.code == Reason.INGESTION_UNSUPPORTED_FORMAT


def test_pictures_and_papers_in_an_archive_are_left_out_and_said(bench: Workbench) -> None:
    members = {
        "data/x.csv": b"x,y\n1,2\n",
        "README.md": b"# About",
        "LICENSE": b"MIT",
        "photo.csv": b"\x89PNG\r\n\x1a\n" + bytes(50),
        ".hidden": b"x",
    }
    snapshot = bench.ingest("a.zip", zip_of(members))
    assert [part.name for part in snapshot.parts] == ["a.zip/data/x.csv"]
    told = "\n".join(snapshot.notes)
    assert all(name in told for name in ("README.md", "LICENSE", "photo.csv", ".hidden"))
    assert [file.path.split("/original/")[1] for file in snapshot.files if "/original/" in file.path] == ["a.zip"]


@pytest.mark.parametrize("name", ["../x.csv", "/x.csv", "a/../../x.csv", "a\0.csv", ""])
def test_a_name_that_leaves_the_folder_is_refused(bench: Workbench, name: str) -> None:
    path = bench.folder / "x.csv"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(BrewError):
        listing(bench, (SourceFile(path=path, name=name),)).run(INGEST, INPUTS)
    assert not [file for file in bench.folder.rglob("*.csv") if file != path]


def test_two_files_of_one_name_are_refused(bench: Workbench) -> None:
    (file,) = write(bench.folder, {"a.csv": b"x,y\n1,2\n"})
    with pytest.raises(SourceError, match=r"two files called 'a\.csv'"):
        listing(bench, (file, file)).run(INGEST, INPUTS)


def test_many_files_are_all_listed_in_a_file_and_the_first_in_the_body(bench: Workbench) -> None:
    files = write(bench.folder, {f"{n:03}.jsonl": b'{"a": 1}\n' for n in range(230)})
    snapshot = listing(bench, files).run(INGEST, INPUTS)
    assert (len(snapshot.parts), snapshot.num_parts, snapshot.num_rows) == (200, 230, 230)
    listed = next(file for file in snapshot.files if file.path.endswith("/parts.jsonl"))
    assert len(bench.shelf.path(listed.path).read_text().splitlines()) == 230


@pytest.mark.parametrize(
    ("name", "content", "choices", "option"),
    [
        ("a.jsonl", b'{"a": 1}\n', {"delimiter": ","}, "--delimiter"),
        ("a.txt", b"Some text.\n", {"has_header": True}, "--header"),
        ("a.parquet", parquet_of([{"a": 1}]), {"encoding": "utf-8"}, "--encoding"),
    ],
)
def test_an_option_that_nothing_could_heed_is_refused(
    bench: Workbench, name: str, content: bytes, choices: dict[str, object], option: str
) -> None:
    with pytest.raises(SourceError, match=f"{option} says nothing about") as caught:
        bench.ingest(name, content, **choices)
    assert caught.value.code == Reason.SYSTEM_REQUEST_INVALID


def test_the_user_may_deny_the_header_of_a_sheet(bench: Workbench) -> None:
    data = xlsx_of([["text", "label"], ["a", "b"]])
    assert bench.ingest("a.xlsx", data).num_rows == 1
    assert bench.ingest("a.xlsx", data, has_header=False).columns == ("column_1", "column_2")
