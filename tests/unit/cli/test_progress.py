"""The same view, in place on a terminal and as lines in a pipe."""

import io

import pytest
from rich.console import Console

from brewslm.cli.progress.draw import draw
from brewslm.cli.progress.lines import SAY_EVERY_SECONDS, Lines
from brewslm.cli.progress.view import Row, View, curve_of
from brewslm.core.health.watch import CheckLevel, CheckName, WatchCheck
from brewslm.core.job import JobStatus


def row(name: str, status: JobStatus | None, *, number: int = 1, fraction: float = 0.0, note: str = "") -> Row:
    seconds = 1.5 if status is not None else None
    return Row(f"{name}-1", number, name.capitalize(), status, seconds, fraction, note)


def log_record(step: int, loss: float | None, delta: float | None = None) -> dict[str, object]:
    return {"kind": "log", "step": step, "total_steps": 10, "loss": loss, "delta": delta, "step_seconds": 2.0}


RECORDS: list[dict[str, object]] = [
    {"kind": "started"},
    {"kind": "baseline", "eval_loss": 4.0},
    log_record(1, 4.1),
    log_record(2, 3.5, -0.5),
    {"kind": "eval", "step": 2, "eval_loss": 3.2, "delta": -0.8},
    log_record(4, 3.0),
]


def test_curve_holds_what_was_measured() -> None:
    curve = curve_of(RECORDS)
    assert curve is not None
    assert (curve.step, curve.total_steps, curve.loss, curve.base_loss, curve.eval_loss) == (4, 10, 3.0, 4.0, 3.2)
    assert curve.deltas == (-0.5, -0.8)
    assert curve.seconds_left == pytest.approx(12.0)


def test_there_is_no_curve_before_the_first_step() -> None:
    assert curve_of(RECORDS[:2]) is None


def test_a_loss_that_is_not_a_number_is_said() -> None:
    curve = curve_of([*RECORDS, log_record(5, None)])
    text = drawn(View((row("train", JobStatus.RUNNING),), curve, ()), width=80)
    assert "not a number" in text


def drawn(view: View, *, width: int, encoding: str = "utf-8", color: bool = False) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=stream, width=width, force_terminal=color, no_color=not color)
    console.print(draw(view, console))
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


LIFE = View(
    rows=(
        row("ingest", JobStatus.COMPLETED, number=1, note="842 rows read " + "and more " * 30),
        row("train", JobStatus.RUNNING, number=8, fraction=0.4, note="step 4 of 10"),
        row("deploy", None, number=11),
    ),
    curve=curve_of(RECORDS),
    warnings=("The training process of attempt 1 was ended by signal 9",),
)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_every_line_fits_the_terminal(width: int) -> None:
    lines = drawn(LIFE, width=width).splitlines()
    assert all(len(line) <= width for line in lines)
    assert len(lines) == 3 + 2 + 1


def test_a_view_tells_state_loss_base_and_what_went_wrong() -> None:
    text = drawn(LIFE, width=100)
    for words in (
        "✓ Ingest",
        "▸ Train",
        "· Deploy",
        "40%",
        "about 12.0 s left",
        "loss 3.0000",
        "base 4.0000",
        "−0.8000",
    ):
        assert words in text
    assert "signal 9" in text


def test_a_terminal_without_unicode_gets_signs_that_it_has() -> None:
    view = View(LIFE.rows[1:], None, ())
    assert "> Train" in drawn(view, width=80, encoding="ascii")


def test_notes_cannot_steer_the_terminal() -> None:
    view = View((row("ingest", JobStatus.FAILED, note="\x1b]0;owned\x07 \u202e"),), None, ())
    assert "\x1b]0" not in drawn(view, width=80, color=True)


def test_lines_say_a_change_once_and_progress_seldom() -> None:
    stream = io.StringIO()
    lines = Lines(Console(file=stream, width=120))
    running = [View((row("train", JobStatus.RUNNING, fraction=n / 10, note=f"step {n}"),), None, ()) for n in range(10)]
    for second, view in enumerate(running):
        lines.show(view, now=float(second))
    lines.show(running[-1], now=SAY_EVERY_SECONDS + 1)
    lines.show(View((row("train", JobStatus.COMPLETED, note="done"),), None, ()), now=SAY_EVERY_SECONDS + 2)
    assert stream.getvalue().splitlines() == [
        "01 Train: started",
        "01 Train: 90% step 9",
        "01 Train: completed in 1.5 s. done",
    ]


def test_why_it_failed_is_left_to_the_error_line() -> None:
    stream = io.StringIO()
    lines = Lines(Console(file=stream))
    lines.show(View((row("ingest", JobStatus.FAILED, note="the file is empty"),), None, ()), now=0.0)
    assert stream.getvalue() == "01 Ingest: failed in 1.5 s\n"


def test_lines_carry_no_control_characters() -> None:
    stream = io.StringIO()
    Lines(Console(file=stream)).show(
        View((row("train", JobStatus.RUNNING),), None, ("lost \x1b[2J by\nsignal",)), now=0.0
    )
    assert stream.getvalue() == "01 Train: started\nwarning: lost \\x1b[2J by signal\n"


def check(step: int, level: CheckLevel, name: CheckName = "memory") -> WatchCheck:
    return WatchCheck(step=step, check=name, level=level, seen="97% of 8.0 GiB in use")


def test_the_watch_is_one_line_in_place_and_every_line_in_a_pipe() -> None:
    checks = (check(100, "ok"), check(200, "ok"), check(200, "unknown", "utilisation"))
    training = (row("train", JobStatus.RUNNING),)
    curve = curve_of([{"kind": "log", "step": 200, "total_steps": 900, "loss": 1.0, "step_seconds": 1.0}])
    assert "watch, step 200: 1 checks ok, 1 not measured" in drawn(View(training, curve, (), checks), width=80)
    worse = (*checks, check(300, "warning"))
    assert "watch, step 300: memory warning: 97% of 8.0 GiB in use" in drawn(View(training, curve, (), worse), width=80)
    stream = io.StringIO()
    lines = Lines(Console(file=stream))
    for seen in (checks, checks, worse):
        lines.show(View(training, curve, (), seen), now=0.0)
    written = [line.strip() for line in stream.getvalue().splitlines() if "watch" in line]
    assert written == [f"watch, step {one.step}: {one.check} {one.level}, {one.seen}" for one in worse]
