"""Looking at gates, deciding at them, and saying who decides."""

from typing import get_args

from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import GateChanged
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import JobId, ProjectId, RunId
from brewslm.core.job import Job
from brewslm.core.outcome.approval import GateMode, GateState, StageGate
from brewslm.core.ports.storage import Transaction
from brewslm.core.stage_name import StageName
from brewslm.services.gates.telling import decided_draft
from brewslm.services.jobs.setting_aside import shown
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event


class Gates:
    """The gate service of the faces."""

    def __init__(self, ports: Ports, *, actor: str) -> None:
        """Bind it to the ports; `actor` is who decides, and who events name."""
        self._ports = ports
        self._actor = actor

    def list(
        self, *, project_id: ProjectId | None = None, state: GateState | None = GateState.WAITING
    ) -> tuple[StageGate, ...]:
        """Newest first; those that wait, unless another state is named, or None for all.

        Raises:
            NotFoundError: there is no such project.
        """
        with self._ports.storage.read() as transaction:
            if project_id is not None:
                transaction.projects.get(project_id)
            return transaction.gates.list(project_id=project_id, state=state)

    def get(self, gate_id: int) -> StageGate:
        """Return it, or raise NotFoundError."""
        with self._ports.storage.read() as transaction:
            return transaction.gates.get(gate_id)

    def all_of_job(self, job_id: JobId) -> tuple[StageGate, ...]:
        """Return the gates of a stage run, or of a flow's steps, newest first.

        Raises:
            NotFoundError: there is no such job.
        """
        with self._ports.storage.read() as transaction:
            job = transaction.jobs.get(job_id)
            gates = transaction.gates.list(project_id=job.project_id)
        return tuple(gate for gate in gates if job_id in (gate.job_id, gate.flow_id))

    def of_job(self, job_id: JobId) -> StageGate:
        """Return the newest gate of a stage run, or of a flow's steps.

        Raises:
            NotFoundError: there is no such job, or it came to no gate.
        """
        found = self.all_of_job(job_id)
        if not found:
            raise NotFoundError(f"job {job_id} came to no gate; `brewslm gates list` shows those that wait")
        return found[0]

    def waiting(self, project_id: ProjectId, stage: StageName) -> StageGate:
        """Return the newest gate of a stage at which a project waits.

        Raises:
            NotFoundError: there is no such project, or it does not wait there.
        """
        found = [gate for gate in self.list(project_id=project_id) if gate.stage == stage]
        if not found:
            message = f"project {project_id} does not wait at {stage}; `brewslm gates list` shows where anything waits"
            raise NotFoundError(message)
        return found[0]

    def decide(self, gate_id: int, state: GateState, *, note: str = "") -> StageGate:
        """Approve or reject, once, with a RunEvent of the stage run. A flow that waits for it goes on or ends.

        Raises:
            NotFoundError: there is no such gate.
            ConflictError: it was decided already.
        """
        now = self._ports.clock.now()
        with self._ports.storage.write() as transaction:
            gate = transaction.gates.decide(gate_id, state, note=note, actor=self._actor, decided_at=now)
            if gate is None:
                known = transaction.gates.get(gate_id)
                message = f"gate {gate_id} was {known.state} by {known.actor} already; run {known.stage} again"
                raise ConflictError(message)
            job = transaction.jobs.get(gate.job_id)
            origin = Origin(project_id=gate.project_id, run_id=job.run_id, actor=self._actor)
            emit_event(transaction, decided_draft(gate), origin=origin, occurred_at=now)
            if gate.flow_id is not None:
                _let_go_on(transaction, transaction.jobs.get(gate.flow_id), gate_id)
        return gate

    def modes(self, project_id: ProjectId) -> dict[StageName, GateMode]:
        """Who decides at each stage, in the order of the lifecycle.

        Raises:
            NotFoundError: there is no such project.
        """
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
            known = transaction.gate_modes.of(project_id)
        return {stage: known.get(stage, "auto") for stage in get_args(StageName)}

    def set_mode(self, project_id: ProjectId, stage: StageName, mode: GateMode) -> dict[StageName, GateMode]:
        """Say who decides from now on; what waits already waits on.

        Raises:
            NotFoundError: there is no such project.
        """
        with self._ports.storage.write() as transaction:
            transaction.projects.get(project_id)
            before = transaction.gate_modes.of(project_id).get(stage, "auto")
            if before != mode:
                transaction.gate_modes.set(project_id, stage, mode)
                payload = GateChanged(stage=stage, before=before, after=mode)
                summary = f"The gate of {stage} in project {project_id} is {mode} now; it was {before}"
                origin = Origin(project_id=project_id, run_id=RunId(f"project-{project_id}"), actor=self._actor)
                draft = Draft(reason=Reason.GATE_CHANGED, summary=summary, payload=payload)
                emit_event(transaction, draft, origin=origin, occurred_at=self._ports.clock.now())
        return self.modes(project_id)


def _let_go_on(transaction: Transaction, flow: Job, gate_id: int) -> None:
    """Let a flow that waits at this gate be taken up again."""
    if flow.gate_id == gate_id and not flow.status.is_final:
        free = flow.model_copy(update={"gate_id": None})
        visible = shown(free, is_paused=flow.is_pause_requested, question=flow.question)
        transaction.jobs.change(flow, gate_id=None, **visible)
