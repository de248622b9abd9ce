"""Alert channels: which there are, how they fare, whether they work, and the thread that keeps them going."""

import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

from brewslm.core.alerts.channels import AlertSetup, Channel
from brewslm.core.alerts.facts import MonitoringFacts
from brewslm.core.alerts.message import AlertMessage
from brewslm.core.errors import AlertError, BrewError, ChannelUnusableError, NotFoundError
from brewslm.core.ports.alerts import AlertFiles, AlertSenders
from brewslm.core.value import Value
from brewslm.services.alerts.relay import Relay
from brewslm.services.ports import Ports

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 2.0
FLUSH_SECONDS = 5.0
"""How long a command that has ended still sends. What is left is sent by the next one, or by the server."""
PASS_SECONDS = 600.0


class ChannelReport(Value):
    """One channel, as it is configured and as it has fared."""

    name: str
    kind: str
    severity: str
    problem: str | None
    """Why this process cannot use it; None where it can."""
    num_waiting: int
    last_sent_at: datetime | None
    last_failed_at: datetime | None
    last_error: str | None
    """None once something was sent after it."""
    has_given_up: bool
    """Whether messages were given up since something was last sent."""


class AlertsReport(Value):
    """The configuration that counts, and its channels."""

    source: str
    channels: tuple[ChannelReport, ...]


class TestResult(Value):
    """What a test message came to."""

    __test__ = False  # pytest takes classes that begin so for its own

    name: str
    outcome: Literal["sent", "failed", "unusable"]
    detail: str


class Alerts:
    """Sends what notifications say to where their readers are."""

    def __init__(self, ports: Ports, files: AlertFiles, senders: AlertSenders) -> None:
        """Bind it to the ledger, to the configuration, and to who can send."""
        self._ports = ports
        self._files = files
        self._senders = senders
        self._relay = Relay(ports, senders)

    def setup(self) -> AlertSetup:
        """Return the configuration that counts.

        Raises:
            InvalidRequestError: the file cannot be read, or says what cannot be.
        """
        return self._files.read()

    def begin_file(self) -> Path:
        """Write the commented defaults into the workspace, to be changed.

        Raises:
            ConflictError: there is a file already.
        """
        return self._files.begin()

    def report(self) -> AlertsReport:
        """Say which channels there are, and how they have fared.

        Raises:
            InvalidRequestError: the file cannot be read, or says what cannot be.
        """
        setup = self.setup()
        return AlertsReport(
            source=setup.source, channels=tuple(self._report(*item) for item in setup.config.channels.items())
        )

    def facts(self, check_thresholds: Callable[[], object], *, sends: bool = False) -> MonitoringFacts:
        """Say whether somebody would hear of trouble.

        Args:
            check_thresholds: raises what is wrong with them.
            sends: whether each channel is sent a test message first.
        """
        problems, channels, untried = [], [], []
        try:
            check_thresholds()
        except BrewError as error:
            problems.append(str(error))
        try:
            if sends:
                self.test()
            found = self.report().channels
        except BrewError as error:
            return MonitoringFacts(problems=(*problems, str(error)))
        for one in found:
            if problem := one.problem or one.last_error:
                problems.append(f"channel {one.name}: {problem}")
            elif one.last_sent_at is None and one.kind != "log":
                untried.append(one.name)
            else:
                channels.append(one.name)
        return MonitoringFacts(channels=tuple(channels), untried=tuple(untried), problems=tuple(problems))

    def test(self, name: str | None = None) -> tuple[TestResult, ...]:
        """Send a test message on one channel or on all; rate limits and quiet hours do not count.

        Raises:
            NotFoundError: there is no such channel.
            InvalidRequestError: the file cannot be read, or says what cannot be.
        """
        channels = self.setup().config.channels
        if name is not None and name not in channels:
            known = ", ".join(channels) or "none"
            message = f"there is no alert channel {name!r}; the file names: {known}"
            raise NotFoundError(message)
        wanted = channels if name is None else {name: channels[name]}
        return tuple(self._test(*item) for item in wanted.items())

    def send(self, *, seconds: float = PASS_SECONDS) -> int:
        """Send what is due, and return how many messages that were.

        Raises:
            InvalidRequestError: the file cannot be read, or says what cannot be.
        """
        return self._relay.run(self.setup().config, seconds=seconds) if self._relay.has_work() else 0

    def serve(self, stop: threading.Event) -> None:
        """Send what becomes due until `stop` is set."""
        said = ""
        while not stop.wait(LOOK_EVERY_SECONDS):
            try:
                self.send()
                said = ""
            except BrewError as error:  # the same trouble, every two seconds, is one line of the log
                if str(error) != said:
                    log.warning("alerts wait: %s", error)
                said = str(error)
            except Exception:
                log.exception("alerts go on after an error")

    @contextmanager
    def served(self) -> Iterator[None]:
        """Send what becomes due while the block runs, and a little longer."""
        stop = threading.Event()
        thread = threading.Thread(target=self.serve, args=(stop,), name="alerts", daemon=True)
        thread.start()
        is_left = False
        try:
            yield
        except KeyboardInterrupt:
            is_left = True  # whoever leaves does not want to wait
            raise
        finally:
            stop.set()
            if not is_left:
                self._flush()

    def _flush(self) -> None:
        try:
            self.send(seconds=FLUSH_SECONDS)
        except Exception:  # the command that has ended must not fail by what it says about itself
            log.exception("alerts wait for the next command, or for a server")

    def _report(self, name: str, channel: Channel) -> ChannelReport:
        problem = None
        try:
            self._senders.open(channel)
        except ChannelUnusableError as error:
            problem = str(error)
        with self._ports.storage.read() as transaction:
            state = transaction.outbox.state(name)
            num_waiting = transaction.outbox.num_pending(name)
        return ChannelReport(
            name=name,
            kind=channel.kind,
            severity=channel.severity,
            problem=problem,
            num_waiting=num_waiting,
            last_sent_at=state.last_sent_at,
            last_failed_at=state.last_failed_at,
            last_error=state.last_error,
            has_given_up=state.is_dead,
        )

    def _test(self, name: str, channel: Channel) -> TestResult:
        message = AlertMessage(
            id=secrets.token_hex(16),
            kind="test",
            severity="info",
            title="Test message",
            line=f"This is a test of the alert channel {name!r}. Nothing has happened.",
            created_at=self._ports.clock.now(),
        )
        now = self._ports.clock.now()
        try:
            self._senders.open(channel).send(message, seconds=channel.timeout_seconds)
        except ChannelUnusableError as error:
            return TestResult(name=name, outcome="unusable", detail=str(error))
        except AlertError as error:
            change = {"last_failed_at": now, "last_error": str(error)}
            result = TestResult(name=name, outcome="failed", detail=str(error))
        else:
            change = {"last_sent_at": now, "last_error": None, "is_dead": False}
            result = TestResult(name=name, outcome="sent", detail="it was accepted")
        with self._ports.storage.write() as transaction:
            transaction.outbox.keep_state(transaction.outbox.state(name).model_copy(update=change))
        return result
