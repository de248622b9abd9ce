"""Gates at the end of stages, and who decides at them."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from brewslm.adapters.sql.schema import gate_modes, gates, in_utc, times_in_utc
from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ArtifactId, JobId, ProjectId
from brewslm.core.outcome.approval import GateMode, GateState, StageGate
from brewslm.core.stage_name import StageName


class SqlGateRows:
    """Implements `core.ports.storage.GateRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, gate: StageGate) -> StageGate:
        """Insert with the next id, whatever id it has; where the job has one already, return that."""
        for known in self.list(job_id=gate.job_id):
            return known
        newest = self._connection.scalar(select(func.max(gates.c.id))) or 0
        row = {**times_in_utc(gate.model_dump()), "id": newest + 1, "state": gate.state.value}
        self._connection.execute(insert(gates), row)
        return self.get(newest + 1)

    def get(self, gate_id: int) -> StageGate:
        """Return it.

        Raises:
            NotFoundError: there is none.
        """
        row = self._connection.execute(select(gates).where(gates.c.id == gate_id)).mappings().one_or_none()
        if row is None:
            raise NotFoundError(f"There is no gate {gate_id}; `brewslm gates list --all` shows those that there are.")
        return StageGate.model_validate(dict(row))

    def list(
        self,
        *,
        project_id: ProjectId | None = None,
        state: GateState | None = None,
        job_id: JobId | None = None,
        artifact_id: ArtifactId | None = None,
    ) -> tuple[StageGate, ...]:
        """Newest first."""
        query = select(gates).order_by(gates.c.id.desc())
        if state is not None:
            query = query.where(gates.c.state == state.value)
        for column, value in (
            (gates.c.project_id, project_id),
            (gates.c.job_id, job_id),
            (gates.c.artifact_id, artifact_id),
        ):
            if value is not None:
                query = query.where(column == value)
        return tuple(StageGate.model_validate(dict(row)) for row in self._connection.execute(query).mappings())

    def decide(
        self, gate_id: int, state: GateState, *, note: str, actor: str, decided_at: datetime
    ) -> StageGate | None:
        """Answer a question that waits; None where it waits no longer."""
        self.get(gate_id)
        query = (
            update(gates)
            .where(gates.c.id == gate_id, gates.c.state == GateState.WAITING.value)
            .values(state=state.value, note=note, actor=actor, decided_at=in_utc(decided_at))
        )
        return self.get(gate_id) if self._connection.execute(query).rowcount else None


class SqlGateModeRows:
    """Implements `core.ports.storage.GateModeRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, project_id: ProjectId) -> dict[StageName, GateMode]:
        """Every mode that was set."""
        query = select(gate_modes).where(gate_modes.c.project_id == project_id).order_by(gate_modes.c.stage)
        return {row.stage: row.mode for row in self._connection.execute(query)}

    def set(self, project_id: ProjectId, stage: StageName, mode: GateMode) -> None:
        """Insert or replace."""
        is_it = (gate_modes.c.project_id == project_id) & (gate_modes.c.stage == stage)
        self._connection.execute(delete(gate_modes).where(is_it))
        self._connection.execute(insert(gate_modes), {"project_id": project_id, "stage": stage, "mode": mode})
