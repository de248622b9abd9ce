"""Gates as a table."""

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import heading, indented, table
from brewslm.cli.text import when_short
from brewslm.core.outcome.approval import GateState, StageGate

_STYLES = {GateState.WAITING: "bold yellow", GateState.APPROVED: "green", GateState.REJECTED: "bold red"}


def gate_table(gates: Iterable[StageGate]) -> RenderableType:
    """Draw one line for each gate: where, how it stands, and what is asked or was decided."""
    rows = [
        (
            f"{gate.id}",
            f"{gate.project_id}",
            gate.stage,
            f"{gate.job_id}",
            Text(gate.state, style=_STYLES[gate.state]),
            when_short(gate.opened_at),
            _told(gate),
        )
        for gate in gates
    ]
    headers = ("gate", "project", "stage", "job", "state", "since", "")
    return table(headers, rows, right=(0, 1, 3), whole=range(6))


def gates_of_job(gates: Sequence[StageGate]) -> Iterable[RenderableType]:
    """The gates that a job came to, as a part of its page; nothing where it came to none."""
    if gates:
        yield heading("\nGates")
        yield indented(gate_table(gates))


def _told(gate: StageGate) -> str:
    if gate.state is GateState.WAITING:
        return f"{gate.note} {gate.question}".strip()
    return f"by {gate.actor}" + (f": {gate.note}" if gate.note else "")
