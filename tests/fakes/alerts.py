"""Alert channels whose every answer a test decides."""

from collections.abc import Callable

from brewslm.core.alerts.channels import AlertConfig, AlertSetup, Channel
from brewslm.core.alerts.message import AlertMessage
from brewslm.core.ports.alerts import AlertSender


class FakeSenders:
    """Implements `AlertSenders` and `AlertSender`: keeps what was taken, after `act` has had its say."""

    def __init__(self, act: Callable[[AlertMessage], None] = lambda _message: None) -> None:
        self.act = act
        self.tried: list[AlertMessage] = []
        self.taken: list[AlertMessage] = []

    def open(self, channel: Channel) -> AlertSender:
        del channel
        return self

    def send(self, message: AlertMessage, *, seconds: float) -> None:
        del seconds
        self.tried.append(message)
        self.act(message)
        self.taken.append(message)


class FakeAlertFiles:
    """Implements `AlertFiles.read`."""

    def __init__(self, config: AlertConfig) -> None:
        self.config = config

    def read(self) -> AlertSetup:
        return AlertSetup(source="test", config=self.config)
