"""The pages of the patrol."""

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, heading, indented, table
from brewslm.core.patrol.rounds import Round, TrainingRound

_CRON = "*/30 * * * *  {program} patrol --once --next-within 45 >/dev/null"
_UNIT = """\
# ~/.config/systemd/user/brewslm-patrol.service
[Unit]
Description=One round of the patrol over BrewSLM's trainings

[Service]
Type=oneshot
ExecStart={program} patrol --once --next-within 45
# 1 and 2 are verdicts, not failures of the patrol.
SuccessExitStatus=1 2

# ~/.config/systemd/user/brewslm-patrol.timer
[Unit]
Description=The patrol over BrewSLM's trainings, every half hour

[Timer]
OnCalendar=*:0/30
Persistent=true

[Install]
WantedBy=timers.target

# then: systemctl --user enable --now brewslm-patrol.timer"""


def round_page(walked: Round) -> Iterable[RenderableType]:
    """A block for each training, and the verdict."""
    for one in walked.trainings:
        yield from _training(one)
        yield Text("")
    what = f"{len(walked.trainings)} running trainings" if len(walked.trainings) != 1 else "1 running training"
    yield facts([("patrol", walked.verdict), ("looked at", what)])


def _training(one: TrainingRound) -> Iterable[RenderableType]:
    of_all = f" of {one.total_steps:,}" if one.total_steps else ""
    step = f"step {one.step:,}{of_all}" if one.step is not None else "no step yet"
    yield heading(f"Job {one.job_id}: {one.verdict}, {step}")
    yield indented(table(("check", "level", "what was seen"), [(c.check, c.level, c.seen) for c in one.checks]))
    if one.action:
        yield Text(f"  {one.action}; see `brewslm jobs show {one.job_id}`")


def install_hint() -> str:
    """Return a line for crontab and units for systemd that walk a round every half hour."""
    program = Path(shutil.which("brewslm") or sys.argv[0]).absolute()
    return "\n".join(["# crontab -e", _CRON.format(program=program), "", _UNIT.format(program=program)])
