"""The outbox at work: each message is sent at least once, by one process at a time, under an id that never changes."""

import logging
import random
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from brewslm.core.alerts.channels import AlertConfig, Channel, RateLimit
from brewslm.core.alerts.message import AlertMessage, message_id, message_of
from brewslm.core.alerts.notification import SEVERITIES, is_at_least
from brewslm.core.alerts.outbox import MAX_AGE, MAX_TRIES, Delivery, pause_after, plan
from brewslm.core.errors import AlertError, ChannelUnusableError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import AlertUndelivered
from brewslm.core.events.notices import BELL_ONLY
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import counted
from brewslm.core.ids import RunId
from brewslm.core.ports.alerts import AlertSenders
from brewslm.core.ports.storage import Transaction
from brewslm.core.reason import Severity
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""Twice the longest time that a message may take."""
_ROUTED_AT_ONCE = 500
_EXPIRED = "it was not sent within a day"


@dataclass(frozen=True, slots=True)
class Batch:
    """A message in the hands of this process, and the deliveries that it is made of."""

    message: AlertMessage
    deliveries: tuple[Delivery, ...]
    lease: str


@dataclass
class Relay:
    """Carries notifications to channels. Nothing waits for it but who calls it."""

    ports: Ports
    senders: AlertSenders
    chance: random.Random = field(default_factory=random.Random)

    def run(self, config: AlertConfig, *, seconds: float) -> int:
        """Route what is new, and send what is due; begin no message after `seconds`. Return how many were sent."""
        self.route(config)
        end = self.ports.clock.monotonic() + seconds
        with self.ports.storage.read() as transaction:
            names = transaction.outbox.channels()
        return sum(self._drain(name, config.channels.get(name), end) for name in names)

    def has_work(self) -> bool:
        """Whether anything is new, or waits to be sent."""
        with self.ports.storage.read() as transaction:
            return bool(transaction.outbox.channels() or transaction.outbox.unrouted(limit=1))

    def route(self, config: AlertConfig) -> None:
        """Queue every new notification on the channels that want it, once."""
        while True:
            with self.ports.storage.read() as transaction:
                if not transaction.outbox.unrouted(limit=1):
                    return
            with self.ports.storage.write() as transaction:
                found = transaction.outbox.unrouted(limit=_ROUTED_AT_ONCE)
                now = self.ports.clock.now()
                queued = [
                    Delivery(notification_id=one.id, channel=name, severity=one.severity, queued_at=now, next_at=now)
                    for one in found
                    if one.reason not in BELL_ONLY
                    for name, channel in config.channels.items()
                    if channel.wants(one)
                ]
                transaction.outbox.route(found, queued)

    def _drain(self, name: str, channel: Channel | None, end: float) -> int:
        if channel is None:  # the file does not name it any more
            self._give_up_old(name)
            return 0
        try:
            sender = self.senders.open(channel)
        except ChannelUnusableError as error:
            log.info("channel %s: %s", name, error)
            self._give_up_old(name)
            return 0
        self._give_up_old(name)
        num_sent = 0
        while (left := end - self.ports.clock.monotonic()) > 0 and (batch := self._take(name, channel)):
            try:
                sender.send(batch.message, seconds=min(channel.timeout_seconds, max(left, 1.0)))
            except AlertError as error:
                self._note_failure(name, batch, error)
                if not error.is_refused:
                    break
            else:
                self._note_sent(name, batch)
                num_sent += 1
        return num_sent

    def _take(self, name: str, channel: Channel) -> Batch | None:
        with self.ports.storage.read() as transaction:
            if transaction.outbox.is_busy(name, self.ports.clock.now()):
                return None
        with self.ports.storage.write() as transaction:
            now = self.ports.clock.now()
            if transaction.outbox.is_busy(name, now):
                return None
            floor = channel.floor_at(now.astimezone().time())
            ready = [one for one in SEVERITIES if is_at_least(one, floor)]
            chosen = transaction.outbox.planned(name, ready)
            if not chosen:
                self._plan(transaction, name, channel.rate_limit, floor)
                chosen = transaction.outbox.planned(name, ready)
            if not chosen:
                return None
            lease = secrets.token_hex(8)
            # The former lease, where there is one, is that of a process that was killed.
            transaction.outbox.change(chosen, held_by=chosen[0].lease, lease=lease, lease_expires_at=now + LEASE)
            told = transaction.notifications.find([one.notification_id for one in chosen])
        return Batch(message=message_of(name, told), deliveries=chosen, lease=lease)

    def _plan(self, transaction: Transaction, name: str, limit: RateLimit, floor: Severity) -> None:
        """Put what waits into messages, for good: whoever sends one again sends the same under the same id."""
        since = self.ports.clock.now() - timedelta(minutes=limit.minutes)
        num_left = limit.messages - transaction.outbox.sent_since(name, since)
        waiting = [one for one in transaction.outbox.pending(name) if one.message_id is None] if num_left > 0 else []
        for group in plan(waiting, num_messages_left=num_left, floor=floor):
            told = transaction.notifications.find([one.notification_id for one in group])
            transaction.outbox.change(group, held_by=None, message_id=message_id(name, told))

    def _note_sent(self, name: str, batch: Batch) -> None:
        now = self.ports.clock.now()
        with self.ports.storage.write() as transaction:
            transaction.outbox.change(
                batch.deliveries, held_by=batch.lease, lease=None, lease_expires_at=None, state="sent", finished_at=now
            )
            state = transaction.outbox.state(name)
            transaction.outbox.keep_state(
                state.model_copy(update={"last_sent_at": now, "last_error": None, "is_dead": False})
            )

    def _note_failure(self, name: str, batch: Batch, error: AlertError) -> None:
        """Let the whole channel rest, because it is the channel that fails; or give up a message that it refuses."""
        log.warning("channel %s: %s", name, error)
        now = self.ports.clock.now()
        with self.ports.storage.write() as transaction:
            transaction.outbox.change(batch.deliveries, held_by=batch.lease, lease=None, lease_expires_at=None)
            state = transaction.outbox.state(name)
            transaction.outbox.keep_state(state.model_copy(update={"last_failed_at": now, "last_error": str(error)}))
            if error.is_refused:
                self._bury(transaction, name, batch.deliveries, str(error), tries=1)
                return
            due = [one for one in transaction.outbox.pending(name) if one.lease is None and one.next_at <= now]
            tries = max((one.tries for one in due), default=0) + 1
            pause = pause_after(tries, chance=self.chance.random(), asked_seconds=error.retry_after_seconds)
            for number in {one.tries for one in due}:
                same = [one for one in due if one.tries == number]
                transaction.outbox.change(same, held_by=None, tries=number + 1, next_at=now + pause)
            dead = [one for one in due if one.tries + 1 >= MAX_TRIES]
            self._bury(transaction, name, dead, str(error), tries=MAX_TRIES)

    def _give_up_old(self, name: str) -> None:
        earliest = self.ports.clock.now() - MAX_AGE
        with self.ports.storage.read() as transaction:
            if not any(one.queued_at < earliest for one in transaction.outbox.pending(name, limit=1)):
                return
        with self.ports.storage.write() as transaction:
            pending = transaction.outbox.pending(name)
            old = [one for one in pending if one.lease is None and one.queued_at < earliest]
            error = transaction.outbox.state(name).last_error or _EXPIRED
            self._bury(transaction, name, old, error, tries=max((one.tries for one in old), default=0))

    def _bury(
        self,
        transaction: Transaction,
        name: str,
        dead: list[Delivery] | tuple[Delivery, ...],
        error: str,
        *,
        tries: int,
    ) -> None:
        """Give deliveries up; tell it in the bell, once until something is sent on this channel again."""
        if not dead:
            return
        now = self.ports.clock.now()
        transaction.outbox.change(dead, held_by=None, state="dead", finished_at=now)
        lost = counted(len(dead), "notification")
        log.error("channel %s: %s given up: %s", name, lost, error)
        state = transaction.outbox.state(name)
        transaction.outbox.keep_state(state.model_copy(update={"is_dead": True, "last_error": error}))
        if state.is_dead:
            return
        emit_event(
            transaction,
            Draft(
                reason=Reason.SYSTEM_ALERT_UNDELIVERED,
                summary=f"Channel {name!r} did not take {lost}, now given up: {error}",
                payload=AlertUndelivered(channel=name, tries=tries, num_notifications=len(dead), error=error),
            ),
            origin=Origin(project_id=None, run_id=RunId("alerts"), actor="system"),
            occurred_at=now,
        )
