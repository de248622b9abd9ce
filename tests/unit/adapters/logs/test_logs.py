"""Logs of every trainer give the same observations, and what is broken in them is left out and said."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from brewslm.adapters.logs.files import FileTrainingLogs
from brewslm.core.errors import InvalidRequestError
from brewslm.core.health.observation import Observation
from brewslm.core.wire.progress import (
    CheckpointRecord,
    EvalRecord,
    LogRecord,
    NoticeRecord,
    StartedRecord,
)

ROWS: list[dict[str, Any]] = [
    {"step": 10, "loss": 2.5, "grad_norm": 1.5, "learning_rate": 1e-4},
    {"step": 20, "loss": 2.25, "grad_norm": math.nan, "learning_rate": 1e-4},
    {"step": 20, "eval_loss": 2.375},
]
SEEN = [
    ("step", 10, 2.5, None, 1.5),
    ("step", 20, 2.25, None, "nan"),
    ("eval", 20, None, 2.375, None),
]


def read(path: Path) -> tuple[str, list[Observation], list[str]]:
    log = FileTrainingLogs().read(path)
    return log.format, list(log.observations), log.notes


def told(observations: list[Observation]) -> list[tuple[Any, ...]]:
    """What is judged, without starts, and a NaN as something that equals itself."""
    return [
        (one.kind, one.step, one.loss, one.eval_loss, "nan" if one.grad_norm != one.grad_norm else one.grad_norm)
        for one in observations
        if one.kind not in {"start", "end"}
    ]


def lines(path: Path, rows: list[dict[str, Any]], *, end: str = "\n") -> Path:
    path.write_text("\n".join(map(json.dumps, rows)) + end)
    return path


def test_json_lines(tmp_path: Path) -> None:
    log_format, seen, notes = read(lines(tmp_path / "train.jsonl", ROWS))
    assert (log_format, told(seen), notes) == ("jsonl", SEEN, [])


def test_a_half_written_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    path = lines(tmp_path / "train.jsonl", ROWS, end='\n{"step": 30, "loss": 2.')
    _, seen, notes = read(path)
    assert told(seen) == SEEN
    assert notes == ["the last line is half-written and was left out"]


def test_a_last_line_that_is_whole_but_for_its_newline_counts(tmp_path: Path) -> None:
    assert told(read(lines(tmp_path / "train.jsonl", ROWS, end=""))[1]) == SEEN


def test_broken_lines_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join([json.dumps(ROWS[0]), "oh no", "[1]", *map(json.dumps, ROWS[1:])]) + "\n")
    _, seen, notes = read(path)
    assert told(seen) == SEEN
    assert notes == ["2 of 5 lines hold no JSON object and were left out, first line 2"]


def test_a_line_without_end_costs_no_memory_and_is_said(tmp_path: Path) -> None:
    path = lines(tmp_path / "train.jsonl", ROWS[:1], end="\n" + "x" * (3 << 20) + "\n")
    with path.open("a") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in ROWS[1:])
    _, seen, notes = read(path)
    assert told(seen) == SEEN
    assert notes == ["line 2 is longer than 1 MiB and was left out"]


@pytest.mark.parametrize(
    "names",
    [
        {"loss": "train/loss", "eval_loss": "val/loss", "grad_norm": "train/grad_norm", "step": "train/global_step"},
        {"loss": "Loss/train", "eval_loss": "Loss/eval", "grad_norm": "gradient_norm", "step": "_step"},
        {"loss": "training_loss", "eval_loss": "validation loss", "grad_norm": "gnorm", "step": "iteration"},
    ],
)
def test_other_names_mean_the_same(tmp_path: Path, names: dict[str, str]) -> None:
    names = {**names, "step": names["step"].removeprefix("train/")}
    rows = [{names.get(name, name): value for name, value in row.items()} for row in ROWS]
    assert told(read(lines(tmp_path / "train.log", rows))[1]) == SEEN


def test_numbers_as_texts_times_as_texts_and_nulls_are_understood(tmp_path: Path) -> None:
    rows = [
        {"step": "10", "loss": "NaN", "timestamp": "2026-01-02T03:04:05Z", "lr": None, "epoch": True},
        {"step": 11.0, "loss": "2.5", "timestamp": 1767323046000, "gpu_util": 87},
        {"message": "hello"},
    ]
    _, seen, _ = read(lines(tmp_path / "log.jsonl", rows))
    assert [one.step for one in seen] == [10, 11]
    assert math.isnan(seen[0].loss or 0)
    assert (seen[1].time or 0) - (seen[0].time or 0) == 1.0
    assert (seen[1].utilisation, seen[1].loss) == (0.87, 2.5)


def test_where_no_steps_are_told_rows_are_counted(tmp_path: Path) -> None:
    rows = [{"loss": 3.0}, {"val_loss": 2.9}, {"loss": 2.5, "val_loss": 2.4}]
    _, seen, _ = read(lines(tmp_path / "log.jsonl", rows))
    assert [(one.kind, one.step) for one in seen] == [("step", 1), ("eval", 1), ("eval", 2), ("step", 2)]


def test_csv_with_empty_cells_and_a_cut_last_row(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step,loss,grad_norm,val_loss\n10,2.5,1.5,\n20,2.25,nan,\n20,,,2.375\n30,2.1,1.")
    log_format, seen, notes = read(path)
    assert (log_format, told(seen)) == ("csv", SEEN)
    assert notes == ["the last line is half-written and was left out"]


def test_csv_with_semicolons_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("\ufeffstep;loss;grad_norm;val_loss\n10;2.5;1.5;\n20;2.25;nan;\n20;;;2.375\n")
    assert told(read(path)[1]) == SEEN


def state(history: list[dict[str, Any]]) -> str:
    return json.dumps({"global_step": 20, "max_steps": 40, "eval_steps": 20, "log_history": history})


def test_trainer_state_with_its_summary_and_without_times(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint-20"
    folder.mkdir()
    (folder / "trainer_state.json").write_text(state([*ROWS, {"step": 20, "train_runtime": 9.0, "train_loss": 2.4}]))
    log_format, seen, notes = read(tmp_path)
    assert (log_format, told(seen)) == ("trainer_state", SEEN)
    assert (seen[0].total_steps, seen[0].eval_every, seen[-1].kind) == (40, 20, "end")
    assert notes == ["the Hugging Face trainer writes no times: pauses cannot be judged"]


@pytest.mark.parametrize("text", ['{"log_history": [{"step', '{"log_history": 7}'])
def test_a_broken_trainer_state_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "trainer_state.json"
    path.write_text(text)
    with pytest.raises(InvalidRequestError, match="trainer_state"):
        read(path)


STAMP = {"time": 5.0, "attempt": 1}


def journal(folder: Path, *, end: str = "") -> Path:
    log = LogRecord(
        **STAMP,
        seq=2,
        step=10,
        total_steps=40,
        epoch=0.1,
        loss=2.5,
        learning_rate=1e-4,
        grad_norm=None,
        tokens_per_second=900.0,
        samples_per_second=3.0,
        step_seconds=0.5,
        memory_bytes=7,
        non_finite={"grad_norm": "inf"},
    )
    evaluated = EvalRecord(
        **STAMP, seq=3, step=10, eval_loss=2.4, baseline_loss=2.6, delta=-0.2, delta_low=None, delta_high=None
    )
    records = [
        StartedRecord(**STAMP, seq=1, device="cpu", total_steps=40),
        log,
        evaluated,
        CheckpointRecord(**STAMP, seq=4, step=10, folder="step-10", eval_loss=2.4, is_best=True),
        NoticeRecord(**STAMP, seq=5, message="hello"),
    ]
    path = folder / "log.jsonl"
    path.write_text("".join(record.model_dump_json() + "\n" for record in records) + end)
    return path


def test_our_journal_with_its_order_and_its_end(tmp_path: Path) -> None:
    journal(tmp_path)
    (tmp_path / "order.json").write_text('{"recipe": {"monitor": {"eval_every": 10, "checkpoint_every": 20}}}')
    log_format, seen, notes = read(tmp_path)
    assert (log_format, notes) == ("journal", [])
    assert [one.kind for one in seen] == ["start", "step", "eval", "checkpoint", "note"]
    assert (seen[0].total_steps, seen[0].eval_every, seen[0].checkpoint_every) == (40, 10, 20)
    assert (seen[1].grad_norm, seen[1].tokens_per_second, seen[1].seq) == (math.inf, 900.0, 2)
    (tmp_path / "result.json").write_text("{}")
    assert read(tmp_path)[1][-1].kind == "end"


@pytest.mark.parametrize("end", ['{"seq": 6, "kind": "no', '{"seq": 6, "time": 5, "attempt": 1, "kind": "notice"}'])
def test_a_line_of_the_journal_counts_once_its_newline_is_there(tmp_path: Path, end: str) -> None:
    _, seen, notes = read(journal(tmp_path, end=end))
    assert len(seen) == 5
    assert notes == ["the last line is half-written and was left out"]


def test_records_of_another_version_are_left_out_and_said(tmp_path: Path) -> None:
    _, seen, notes = read(journal(tmp_path, end='{"seq": 6, "time": 5, "attempt": 1, "kind": "dream"}\n'))
    assert len(seen) == 5
    assert notes == ["1 lines are no records of this version and were left out"]


def events(folder: Path, *, cut: int = 0) -> Path:
    writer = EventFileWriter(str(folder))
    names = {"loss": "train/loss", "grad_norm": "train/grad_norm", "eval_loss": "eval/loss"}
    for at, row in enumerate(ROWS):
        for name, tag in names.items():
            if name in row:
                value = Summary.Value(tag=tag, simple_value=row[name])
                summary = Summary(value=[value])
                writer.add_event(Event(step=row["step"], wall_time=100.0 * (at + 1), summary=summary))
    writer.close()
    [path] = folder.glob("*tfevents*")
    path.write_bytes(path.read_bytes()[: -cut or None])
    return path


def test_tensorboard_events_of_a_folder(tmp_path: Path) -> None:
    events(tmp_path)
    log_format, seen, notes = read(tmp_path)
    assert (log_format, notes) == ("tensorboard", [])
    assert told(seen) == SEEN
    assert [one.time for one in seen] == [None, 100.0, 200.0, 300.0]


def test_tensorboard_events_with_a_torn_end_are_read_up_to_it(tmp_path: Path) -> None:
    assert told(read(events(tmp_path, cut=5))[1]) == SEEN[:2]


@pytest.mark.parametrize(
    ("name", "content"), [("model.bin", b"\x00\x01"), ("notes", b"hello"), ("picture.png", b"\x89PNG\r\n")]
)
def test_what_is_no_log_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidRequestError, match="is no log that is known"):
        read(tmp_path / name)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be read: No such file"):
        read(tmp_path / "log.jsonl")
    with pytest.raises(InvalidRequestError, match=r"holds no log\.jsonl"):
        read(tmp_path)
