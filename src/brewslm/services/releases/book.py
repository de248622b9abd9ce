"""The release book: one numbered row for each deployment, and what is decided about it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from brewslm.core.artifacts.base import ArtifactRecord
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.release import Release
from brewslm.core.errors import ConflictError, GateRefusedError, InvalidRequestError, NotFoundError
from brewslm.core.events.base import Draft
from brewslm.core.events.deployment import PromotionRefused, ReleaseChanged
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.ids import ProjectId, RunId
from brewslm.core.ports.storage import Transaction
from brewslm.core.release import ReleaseRow, ReleaseState
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event
from brewslm.services.shelf import ProjectShelf
from brewslm.stages.deploy.checksums import damage_of

PromotionGate = Callable[[ProjectId, Bundle, Bundle | None], tuple[Finding, ...]]
"""Gate D: what keeps a bundle from taking the place of the one that is live. Empty where nothing does."""


def enter_release(transaction: Transaction, record: ArtifactRecord) -> None:
    """Give the release artifact the project's next version, as a candidate."""
    versions = [row.version for row in transaction.releases.list(record.project_id)]
    transaction.releases.add(
        project_id=record.project_id,
        version=max(versions, default=0) + 1,
        release_id=record.id,
        created_at=record.created_at,
    )


def open_gate(_project_id: ProjectId, _bundle: Bundle, _live: Bundle | None) -> tuple[Finding, ...]:
    """Let every bundle pass."""
    return ()


class Releases:
    """The release service."""

    def __init__(self, ports: Ports, *, actor: str = "system", gate: PromotionGate = open_gate) -> None:
        """Bind it to the ports; `actor` is who decides, and `gate` is asked before a promotion."""
        self._ports = ports
        self._actor = actor
        self._gate = gate

    def list(self, project_id: ProjectId) -> tuple[ReleaseRow, ...]:
        """A project's releases, by version."""
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
            return transaction.releases.list(project_id)

    def get(self, project_id: ProjectId, version: int) -> ReleaseRow:
        """One of them.

        Raises:
            NotFoundError: there is none of that number.
        """
        return _row(self.list(project_id), project_id, version)

    def release_of(self, row: ReleaseRow) -> Release:
        """What its deployment left."""
        return ProjectShelf(self._ports.storage, self._ports.store, row.project_id).read(Release, row.release_id)

    def bundle_of(self, row: ReleaseRow) -> Bundle:
        """What a release is made of."""
        shelf = ProjectShelf(self._ports.storage, self._ports.store, row.project_id)
        return shelf.read(Bundle, self.release_of(row).bundle_id)

    def promote(self, project_id: ProjectId, version: int, *, reason: str) -> ReleaseRow:
        """Make a release the one that answers, once its files and Gate D have let it pass.

        Raises:
            NotFoundError: there is no such release.
            ConflictError: it is live already, or can be so no more.
            GateRefusedError: a file is damaged, or Gate D refuses; the release before goes on answering.
        """
        _wants_words(reason)
        rows = self.list(project_id)
        row, live = _row(rows, project_id, version), _live(rows)
        _refuse_unless(row, {ReleaseState.CANDIDATE, ReleaseState.SUPERSEDED, ReleaseState.ROLLED_BACK}, "promoted")
        self._pass_gate(row, live)
        with self._ports.storage.write() as transaction:
            now = self._ports.clock.now()
            before = self._supersede(transaction, project_id, ReleaseState.SUPERSEDED, f"v{version} was promoted", now)
            new = self._change(transaction, row, state=ReleaseState.LIVE, canary_share=0.0, reason=reason, live_at=now)
            other = f", in place of v{before.version}" if before else ""
            summary = f"v{version} of project {project_id} is live{other}: {reason}"
            self._emit(transaction, Reason.DEPLOYMENT_PROMOTED, summary, row=row, new=new, other=before)
        return new

    def rollback(self, project_id: ProjectId, *, reason: str) -> ReleaseRow:
        """Take the live release back; the one that was live before it answers again, once its files are whole.

        Raises:
            ConflictError: nothing is live, or nothing was before.
            GateRefusedError: a file of the earlier one is damaged; the live one goes on answering.
        """
        _wants_words(reason)
        rows = self.list(project_id)
        live = _live(rows)
        if live is None:
            raise ConflictError(f"no release of project {project_id} is live, so there is nothing to take back")
        target = release_before(rows)
        if target is None:
            message = f"nothing was live in project {project_id} before v{live.version}; retire it instead"
            raise ConflictError(message)
        self._refuse_damaged(target)
        with self._ports.storage.write() as transaction:
            now = self._ports.clock.now()
            before = self._supersede(transaction, project_id, ReleaseState.ROLLED_BACK, reason, now)
            new = self._change(transaction, target, state=ReleaseState.LIVE, reason=reason, live_at=now)
            summary = f"v{live.version} of project {project_id} was taken back, v{new.version} is live again: {reason}"
            self._emit(transaction, Reason.DEPLOYMENT_ROLLED_BACK, summary, row=target, new=new, other=before)
        return new

    def reject(self, project_id: ProjectId, version: int, *, reason: str) -> ReleaseRow:
        """Decide against a candidate.

        Raises:
            NotFoundError: there is no such release.
            ConflictError: it is no candidate.
        """
        return self._end(project_id, version, ReleaseState.REJECTED, {ReleaseState.CANDIDATE}, reason)

    def retire(self, project_id: ProjectId, version: int, *, reason: str) -> ReleaseRow:
        """Take a release off for good; where it was live, the endpoint answers no more.

        Raises:
            NotFoundError: there is no such release.
            ConflictError: it ended already.
        """
        may = set(ReleaseState) - {ReleaseState.REJECTED, ReleaseState.RETIRED}
        return self._end(project_id, version, ReleaseState.RETIRED, may, reason)

    def set_canary(self, project_id: ProjectId, version: int, share: float, *, reason: str) -> ReleaseRow:
        """Give a candidate a share of the endpoint's conversations, from 0 to 1.

        Raises:
            NotFoundError: there is no such release.
            ConflictError: it is no candidate, or nothing is live.
            InvalidRequestError: it is no share.
            GateRefusedError: a file is damaged.
        """
        _wants_words(reason)
        if not 0.0 <= share <= 1.0:
            raise InvalidRequestError(f"{share!r} is no share; give one from 0 to 1, such as 0.05")
        rows = self.list(project_id)
        row = _row(rows, project_id, version)
        _refuse_unless(row, {ReleaseState.CANDIDATE}, "given a share")
        others = sum(one.canary_share for one in rows if one.version != version)
        if _live(rows) is None or others + share > 1.0:
            why = "nothing is live beside it" if _live(rows) is None else f"others have {others:.0%} already"
            raise ConflictError(f"v{version} of project {project_id} cannot have {share:.0%} of the traffic: {why}")
        if share:
            self._refuse_damaged(row)
        with self._ports.storage.write() as transaction:
            new = self._change(transaction, row, canary_share=share, reason=reason)
            summary = f"v{version} of project {project_id} answers {share:.0%} of the conversations: {reason}"
            self._emit(transaction, Reason.DEPLOYMENT_CHANGED, summary, row=row, new=new)
        return new

    def _end(
        self, project_id: ProjectId, version: int, state: ReleaseState, may: set[ReleaseState], reason: str
    ) -> ReleaseRow:
        _wants_words(reason)
        row = self.get(project_id, version)
        _refuse_unless(row, may, str(state))
        with self._ports.storage.write() as transaction:
            new = self._change(transaction, row, state=state, canary_share=0.0, reason=reason)
            summary = f"v{version} of project {project_id} was {state}: {reason}"
            self._emit(transaction, Reason.DEPLOYMENT_CHANGED, summary, row=row, new=new)
        return new

    def _pass_gate(self, row: ReleaseRow, live: ReleaseRow | None) -> None:
        bundle = self.bundle_of(row)
        damage = damage_of(bundle, self._ports.store.project_folder(row.project_id).joinpath)
        findings = (damage,) if damage else self._gate(row.project_id, bundle, self.bundle_of(live) if live else None)
        if not findings:
            return
        words = " ".join(f"{one.seen} {one.next_step}".strip() for one in findings)
        message = f"v{row.version} of project {row.project_id} was not promoted: {words}"
        with self._ports.storage.write() as transaction:
            payload = PromotionRefused(version=row.version, release_id=row.release_id, findings=findings)
            draft = Draft(reason=Reason.DEPLOYMENT_PROMOTION_REFUSED, summary=message, payload=payload)
            self._record(transaction, row.project_id, draft)
        raise GateRefusedError(message, reason=findings[0].reason, findings=findings)

    def _refuse_damaged(self, row: ReleaseRow) -> None:
        damage = damage_of(self.bundle_of(row), self._ports.store.project_folder(row.project_id).joinpath)
        if damage is not None:
            message = f"v{row.version} of project {row.project_id} cannot be served: {damage.seen} {damage.next_step}"
            raise GateRefusedError(message, reason=damage.reason, findings=(damage,))

    def _supersede(
        self, transaction: Transaction, project_id: ProjectId, state: ReleaseState, reason: str, now: datetime
    ) -> ReleaseRow | None:
        """End the time of the live release, if there is one; read anew, so that never two are live."""
        live = _live(transaction.releases.list(project_id))
        if live is None:
            return None
        return transaction.releases.change(live, state=state, reason=reason, actor=self._actor, decided_at=now)

    def _change(self, transaction: Transaction, row: ReleaseRow, **changes: Any) -> ReleaseRow:  # noqa: ANN401 - fields of ReleaseRow
        decided = {"actor": self._actor, "decided_at": self._ports.clock.now()}
        new = transaction.releases.change(row, **changes, **decided)
        if new is None:
            message = f"v{row.version} of project {row.project_id} is no longer {row.state}; look at it again"
            raise ConflictError(message)
        return new

    def _emit(
        self,
        transaction: Transaction,
        reason: Reason,
        summary: str,
        *,
        row: ReleaseRow,
        new: ReleaseRow,
        other: ReleaseRow | None = None,
    ) -> None:
        payload = ReleaseChanged(
            version=new.version,
            release_id=new.release_id,
            before=row.state,
            after=new.state,
            canary_share=new.canary_share,
            reason=new.reason,
            other_version=other.version if other else None,
        )
        self._record(transaction, new.project_id, Draft(reason=reason, summary=summary, payload=payload))

    def _record(self, transaction: Transaction, project_id: ProjectId, draft: Draft) -> None:
        origin = Origin(project_id=project_id, run_id=RunId(f"project-{project_id}"), actor=self._actor)
        emit_event(transaction, draft, origin=origin, occurred_at=self._ports.clock.now())


def _row(rows: "tuple[ReleaseRow, ...]", project_id: ProjectId, version: int) -> ReleaseRow:
    found = next((row for row in rows if row.version == version), None)
    if found is None:
        message = f"project {project_id} has no release v{version}; `brewslm releases list --project {project_id}`"
        raise NotFoundError(f"{message} shows them")
    return found


def _live(rows: "tuple[ReleaseRow, ...]") -> ReleaseRow | None:
    return next((row for row in rows if row.state is ReleaseState.LIVE), None)


def _refuse_unless(row: ReleaseRow, may: set[ReleaseState], what: str) -> None:
    if row.state not in may:
        raise ConflictError(f"v{row.version} of project {row.project_id} is {row.state}; it cannot be {what}")


def release_before(rows: Sequence[ReleaseRow]) -> ReleaseRow | None:
    """Return the release that a rollback makes live again: of those that were replaced the one that was live last."""
    earlier = [row for row in rows if row.state is ReleaseState.SUPERSEDED and row.live_at is not None]
    return max(earlier, key=lambda row: row.live_at or row.created_at, default=None)


def _wants_words(reason: str) -> None:
    if not reason.strip():
        raise InvalidRequestError("say why, in a few words: --reason '…'")
