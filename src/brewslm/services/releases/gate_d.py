"""Gate D in front of a promotion: the gates of the bundle's own evaluation, and no regression against what is live."""

from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.eval_report import GateOutcome
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.ids import ProjectId
from brewslm.services.gates.promotion import verdict_for_release
from brewslm.services.ports import Ports
from brewslm.services.shelf import ProjectShelf


class GateD:
    """A `PromotionGate`."""

    def __init__(self, ports: Ports) -> None:
        """Bind it to the ports."""
        self._ports = ports

    def __call__(self, project_id: ProjectId, bundle: Bundle, live: Bundle | None) -> tuple[Finding, ...]:
        """Return what stands in the way of a promotion.

        Raises:
            NotFoundError: the evaluation of a bundle is not there.
        """
        shelf = ProjectShelf(self._ports.storage, self._ports.store, project_id)
        with self._ports.storage.read() as transaction:
            seed = transaction.projects.get(project_id).seed
        accepted = live.eval_report_id if live is not None else None
        verdict = verdict_for_release(shelf, self._ports.tables, bundle.eval_report_id, accepted, seed=seed)
        return tuple(_finding(one, project_id) for one in verdict.outcomes if not one.passed)


def _finding(outcome: GateOutcome, project_id: ProjectId) -> Finding:
    return Finding(
        check=outcome.name,
        level="block",
        seen=f"Gate {outcome.name!r}: {outcome.sentence} Seen: {outcome.seen}.",
        next_step=f"Look at `brewslm eval failures --project {project_id}`, and train again.",
        reason=Reason.EVALUATION_GATE_FAILED,
    )
