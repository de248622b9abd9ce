"""Every row is in exactly one bucket, and what the dry run counts is what the commit writes."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Shape
from brewslm.core.errors import GateRefusedError, InvalidRequestError, MappingAmbiguousError, MappingSourceChangedError
from brewslm.core.events.reasons import Reason
from tests.unit.stages.workbench import Workbench

COLUMNS: dict[Shape, ColumnMap] = {
    "chat": ColumnMap(messages="m"),
    "instruction": ColumnMap(prompt="p", completion="c", context="x"),
    "prompt_completion": ColumnMap(prompt="p", completion="c"),
    "qa": ColumnMap(prompt="p", completion="c", context="x"),
    "classification": ColumnMap(text="p", label="c"),
}
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", " ", "a", " b ", "c\n", "\u200b"])
)
TURN = st.one_of(
    SCALARS,
    st.fixed_dictionaries(
        {}, optional={"role": st.sampled_from(["user", "assistant", "system", "gpt", "tool"]), "content": SCALARS}
    ),
)
RECORD = st.fixed_dictionaries(
    {}, optional={"m": st.one_of(SCALARS, st.lists(TURN, max_size=5)), "p": SCALARS, "c": SCALARS, "x": SCALARS}
)
LINE = st.one_of(RECORD.map(json.dumps), st.sampled_from(["{", "[]", "17", '{"p": 1, "p": 2}']))


@given(lines=st.lists(LINE, min_size=1, max_size=25), shape=st.sampled_from(sorted(COLUMNS)))
@settings(max_examples=60, deadline=None)
def test_every_row_is_in_one_bucket_and_dry_run_is_commit(lines: list[str], shape: Shape) -> None:
    good = {
        "m": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
        "p": "q",
        "c": "a",
        "x": "x",
    }
    with TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        content = "\n".join([json.dumps(good), *lines])
        schema = bench.introspect(bench.ingest("data.jsonl", content, max_malformed_share=1.0))
        preview = bench.dry_run(schema, as_shape=shape, columns=COLUMNS[shape])
        dataset = bench.commit(preview, min_coverage=0.0)
        examples = bench.rows(dataset, "examples.parquet")
        rejections = bench.rows(dataset, "rejections.parquet")
        repairs = bench.rows(dataset, "repairs.parquet")

    assert dataset.tally == preview.tally
    assert (dataset.rejections, dataset.repairs) == (preview.rejections, preview.repairs)
    assert dataset.tally.total == len(lines) + 1
    buckets = [row["source_row"] for row in examples] + [row["source_row"] for row in rejections]
    assert sorted(buckets) == list(range(len(lines) + 1))
    repaired = {row["source_row"] for row in repairs}
    assert repaired <= {row["source_row"] for row in examples}
    assert dataset.tally.repaired == len(repaired)
    assert dataset.tally.rejected == len(rejections) == sum(dataset.rejections.values())
    assert len(repairs) == sum(dataset.repairs.values())
    assert dataset.num_examples == len(examples)
    for row in examples:
        assert row["messages"][-1]["role"] == "assistant"
        assert all(message["content"].strip() for message in row["messages"])


ROWS: list[dict[str, Any]] = [{"prompt": f"p {n}", "completion": f"c {n}"} for n in range(20)]


def text_of(rows: list[dict[str, Any]]) -> str:
    return "\n".join(map(json.dumps, rows))


def test_rejections_keep_reason_place_and_text(bench: Workbench) -> None:
    content = text_of(ROWS) + '\n\n{"prompt": "p"}\n{"prompt": "\n{"prompt": " ", "completion": "c"}\n'
    dataset = bench.import_dataset("data.jsonl", content)
    found = [
        (row["source_row"], row["line"], row["reason"], row["raw"]) for row in bench.rows(dataset, "rejections.parquet")
    ]
    assert found == [
        (20, 22, "missing_field", '{"prompt":"p"}'),
        (21, 23, "malformed_record", '{"prompt": "'),
        (22, 24, "empty_prompt", '{"completion":"c","prompt":" "}'),
    ]
    for row in bench.rows(dataset, "rejections.parquet")[1:2]:
        assert content.encode()[row["byte_offset"] :].startswith(row["raw"].encode())


def test_repairs_name_row_and_rule(bench: Workbench) -> None:
    dataset = bench.import_dataset("data.jsonl", text_of([*ROWS, {"prompt": " x", "completion": 5}]))
    repairs = bench.rows(dataset, "repairs.parquet")
    assert [(row["source_row"], row["rule"]) for row in repairs] == [(20, "number_as_text"), (20, "whitespace_trimmed")]
    assert dataset.tally.repaired == 1
    assert {row["id"] for row in repairs} == {bench.rows(dataset, "examples.parquet")[20]["id"]}


def test_duplicates_are_not_rejected(bench: Workbench) -> None:
    dataset = bench.import_dataset("data.jsonl", text_of(ROWS + ROWS))
    assert (dataset.tally.accepted, dataset.num_examples) == (40, 40)


def test_the_preview_shows_the_first_of_both(bench: Workbench) -> None:
    bad: list[dict[str, Any]] = [{"prompt": f"p {n}"} for n in range(30)] + [{"prompt": "", "completion": "c"}]
    schema = bench.introspect(bench.ingest("data.jsonl", text_of(bad + ROWS)), as_shape="prompt_completion")
    preview = bench.dry_run(schema)
    assert [example.source_row for example in preview.sample] == [31, 32, 33, 34, 35]
    assert 0 < len(preview.rejected_sample) <= 20
    assert {rejection.reason for rejection in preview.rejected_sample} == {"missing_field", "empty_prompt"}
    assert len(preview.plan_hash) == 64


def test_the_same_plan_has_the_same_hash_and_another_another(bench: Workbench) -> None:
    schema = bench.introspect(bench.ingest("data.jsonl", text_of(ROWS)))
    swapped = ColumnMap(prompt="completion", completion="prompt")
    assert bench.dry_run(schema).plan_hash == bench.dry_run(schema).plan_hash
    assert bench.dry_run(schema).plan_hash != bench.dry_run(schema, columns=swapped).plan_hash
    assert bench.dry_run(schema).plan_hash != bench.dry_run(schema, as_shape="qa").plan_hash


def test_gate_a_names_reasons_and_first_lines(bench: Workbench) -> None:
    rows = [*ROWS, {"prompt": "p"}, {"prompt": "p", "completion": ""}, {"prompt": "q", "completion": ""}]
    preview = bench.dry_run(bench.introspect(bench.ingest("data.jsonl", text_of(rows))))
    with pytest.raises(GateRefusedError) as caught:
        bench.commit(preview)
    assert caught.value.code == Reason.MAPPING_COVERAGE
    assert "20 of 23 rows (87.0%) become examples, 95% are needed" in str(caught.value)
    assert "2 x empty_completion (line 22: the field 'completion' is empty)" in str(caught.value)
    assert "1 x missing_field (line 21: the field 'completion' is missing)" in str(caught.value)
    assert bench.commit(preview, min_coverage=0.8).num_examples == 20


def test_nothing_mapped_is_refused_whatever_the_limit(bench: Workbench) -> None:
    schema = bench.introspect(bench.ingest("data.jsonl", text_of([{"prompt": "p", "other": 1}] * 3)))
    preview = bench.dry_run(schema, as_shape="qa", columns=ColumnMap(prompt="other", completion="prompt"))
    assert preview.tally.repaired == 3
    empty = bench.dry_run(schema, as_shape="chat", columns=ColumnMap(messages="other"))
    assert bench.findings[-1].level == "warn"
    with pytest.raises(GateRefusedError):
        bench.commit(empty, min_coverage=0.0)


def test_a_commit_of_another_snapshot_is_refused(bench: Workbench) -> None:
    preview = bench.dry_run(bench.introspect(bench.ingest("data.jsonl", text_of(ROWS))))
    other = bench.ingest("other.jsonl", text_of(ROWS[:19]))
    from brewslm.stages.mapping import MAP_COMMIT
    from brewslm.stages.mapping.contract import MapCommitInputs

    with pytest.raises(MappingSourceChangedError, match="is of snapshot-"):
        bench.run(MAP_COMMIT, MapCommitInputs(mapping_id=preview.id, snapshot_id=other.id))


def test_a_commit_of_another_plan_is_refused(bench: Workbench) -> None:
    schema = bench.introspect(bench.ingest("data.jsonl", text_of(ROWS)))
    preview = bench.dry_run(schema)
    with pytest.raises(MappingSourceChangedError, match="was asked for"):
        bench.commit(preview, plan_hash="0" * 64)
    assert bench.commit(preview, plan_hash=preview.plan_hash).plan_hash == preview.plan_hash
    forged = preview.model_copy(update={"plan": preview.plan.model_copy(update={"shape": "qa"})})
    bench.shelf.put(forged)
    with pytest.raises(MappingSourceChangedError, match="the plan hashes to"):
        bench.commit(forged)


def test_a_commit_of_changed_rows_is_refused(bench: Workbench) -> None:
    snapshot = bench.ingest("data.jsonl", text_of(ROWS))
    preview = bench.dry_run(bench.introspect(snapshot))
    other = bench.ingest("other.jsonl", text_of(ROWS[:19]))
    paths = [next(f.path for f in s.files if f.path.endswith("rows.parquet")) for s in (snapshot, other)]
    target = bench.shelf.path(paths[0])
    target.chmod(0o644)
    target.write_bytes(bench.shelf.path(paths[1]).read_bytes())
    with pytest.raises(MappingSourceChangedError, match="the snapshot says"):
        bench.commit(preview)


def test_an_unclear_shape_needs_the_users_word(bench: Workbench) -> None:
    schema = bench.introspect(bench.ingest("data.jsonl", text_of([{"a": f"x {n}", "b": f"y {n}"} for n in range(9)])))
    with pytest.raises(GateRefusedError, match=r"below 0\.80") as caught:
        bench.dry_run(schema)
    assert caught.value.code == Reason.INTROSPECTION_AMBIGUOUS
    assert bench.dry_run(schema, as_shape="prompt_completion").tally.accepted == 9
    with pytest.raises(MappingAmbiguousError, match="No columns for a chat mapping"):
        bench.dry_run(schema, as_shape="chat")


def test_a_schema_of_another_snapshot_is_refused(bench: Workbench) -> None:
    from brewslm.stages.mapping import MAP_DRY_RUN
    from brewslm.stages.mapping.contract import MapDryRunInputs

    schema = bench.introspect(bench.ingest("data.jsonl", text_of(ROWS)))
    other = bench.ingest("other.jsonl", text_of(ROWS[:19]))
    with pytest.raises(GateRefusedError) as caught:
        bench.run(MAP_DRY_RUN, MapDryRunInputs(snapshot_id=other.id, schema_id=schema.id))
    assert caught.value.code == Reason.MAPPING_SOURCE_CHANGED


def test_the_users_columns_are_checked(bench: Workbench) -> None:
    schema = bench.introspect(bench.ingest("data.jsonl", text_of(ROWS)))
    with pytest.raises(InvalidRequestError, match="needs a column for 'completion'; there is no column 'nope'"):
        bench.dry_run(schema, columns=ColumnMap(prompt="nope"))


def test_the_vocabulary_of_the_users_label_is_that_of_the_whole_snapshot(bench: Workbench) -> None:
    rows = [{"a": f"x {n}", "b": f"y {n % 3}"} for n in range(9)]
    schema = bench.introspect(bench.ingest("data.jsonl", text_of(rows)))
    dataset = bench.commit(bench.dry_run(schema, as_shape="classification", columns=ColumnMap(text="a", label="b")))
    assert dataset.labels == ("y 0", "y 1", "y 2")
    assert bench.rows(dataset, "examples.parquet")[4]["label"] == "y 1"


def test_reports_tell_the_tally(bench: Workbench) -> None:
    bench.import_dataset("data.jsonl", text_of([*ROWS, {"prompt": " x ", "completion": "y"}, {"prompt": "p"}]))
    tried, written = bench.reports[-2:]
    assert (tried.reason, written.reason) == (Reason.MAPPING_PREVIEW, Reason.MAPPING)
    assert written.summary == "A prompt_completion dataset was written: 22 rows, 20 accepted, 1 repaired, 1 rejected."


def test_a_report_speaks_of_an_instruction(bench: Workbench) -> None:
    bench.import_dataset("data.jsonl", text_of([{"instruction": f"do {n}", "output": f"done {n}"} for n in range(5)]))
    tried, written = bench.reports[-2:]
    assert tried.summary.startswith("An instruction mapping was tried")
    assert written.summary.startswith("An instruction dataset was written")
