"""The snapshot: content-addressed, without a trace of the machine it came from, and never a crash."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.core.errors import BrewError, CancelledError, SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest import INGEST
from brewslm.stages.ingest.contract import IngestInputs
from brewslm.stages.ingest.formats.choice import Choices, reading_of
from tests.unit.stages.workbench import Workbench

TEXT = "text,label\na,b\nc,d\n"


def test_equal_bytes_and_choices_give_an_equal_id(tmp_path: Path) -> None:
    ids = set()
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        ids.add(Workbench(folder).ingest("data.csv", TEXT).id)
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("content", "choices"), [(TEXT + "e,f\n", {}), (TEXT, {"has_header": False}), (TEXT, {"max_malformed_share": 0.5})]
)
def test_other_bytes_or_choices_give_another_id(bench: Workbench, content: str, choices: dict[str, object]) -> None:
    assert bench.ingest("data.csv", TEXT).id != bench.ingest("data.csv", content, **choices).id


def test_no_path_of_the_machine_is_in_the_snapshot(bench: Workbench) -> None:
    snapshot = bench.ingest("data.csv", TEXT)
    assert snapshot.locator == "data.csv"
    assert str(bench.folder) not in snapshot.model_dump_json()


def test_the_untouched_bytes_are_kept(bench: Workbench) -> None:
    content = b"\xef\xbb\xbftext,label\r\na,b\r\n\r\n"
    snapshot = bench.ingest("data.csv", content)
    original = next(file for file in snapshot.files if "/original/" in file.path)
    assert bench.shelf.path(original.path).read_bytes() == content
    assert original.path.endswith("/original/data.csv")


def test_the_report_tells_the_counts(bench: Workbench) -> None:
    bench.ingest("data.csv", TEXT + "x\n", max_malformed_share=0.5)
    draft = bench.reports[-1]
    assert draft.reason == Reason.INGESTION
    assert draft.summary == "3 rows read from 'data.csv', 1 malformed."


def test_a_cancelled_ingest_stops(bench: Workbench) -> None:
    bench.is_cancelled = lambda: True
    with pytest.raises(CancelledError, match="cancelled"):
        bench.ingest("data.csv", TEXT)


def test_progress_rises_to_one_at_most(bench: Workbench) -> None:
    bench.ingest("data.jsonl", '{"a": 1}\n' * 10_000)
    assert bench.fractions == sorted(bench.fractions)
    assert len(bench.fractions) == 3
    assert 0.9 < bench.fractions[-1] <= 1.0


@given(st.binary(max_size=300), st.sampled_from(["data.csv", "data.jsonl", "data.json", "data.txt", "data.tsv"]))
@settings(max_examples=150, deadline=None)
def test_no_bytes_crash_it(content: bytes, name: str) -> None:
    check_never_crashes(content, name)


JSONISH = st.text(st.sampled_from('{}[]",:\\ \n\r\tab1é\ud800\0'), max_size=60)


@given(JSONISH, st.sampled_from(["data.jsonl", "data.json", "data.csv"]))
@settings(max_examples=250, deadline=None)
def test_no_near_json_crashes_it(text: str, name: str) -> None:
    check_never_crashes(text.encode("utf-8", "surrogatepass"), name)


def check_never_crashes(content: bytes, name: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            batches = list(reading_of(path, name, Choices()).read()) if content else []
        except BrewError:
            return
    for batch in batches:
        assert batch.offsets == sorted(batch.offsets)
        assert all(offset <= len(content) for offset in batch.offsets)
        for text, raw, problem in zip(batch.texts, batch.raws, batch.problems, strict=True):
            assert (text is None) == (problem is not None) == (raw is not None)
            (raw or "").encode()
            assert text is None or isinstance(json.loads(text), dict)


def test_a_source_that_is_missing_is_unreachable(bench: Workbench) -> None:
    with pytest.raises(SourceError) as caught:
        bench.run(INGEST, IngestInputs(locator=str(bench.folder / "nothing.csv")))
    assert caught.value.code == Reason.INGESTION_UNREACHABLE
