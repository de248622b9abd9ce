"""Listening, and who is let in from where."""

import socket

import pytest

from brewslm.api.errors import STATUSES, status_of
from brewslm.api.server import listen, note_start, token_for
from brewslm.bootstrap.container import House
from brewslm.bootstrap.settings import Settings, read_settings
from brewslm.core import errors
from brewslm.core.errors import BrewError, ConflictError, InvalidRequestError

TOKEN = "t" * 32
EVERYWHERE = "0.0.0.0"


def settings(**more: object) -> Settings:
    return Settings.model_validate({"home": "/nowhere", **more})


@pytest.mark.parametrize(
    ("host", "is_required", "token", "hosts", "expected"),
    [
        ("127.0.0.1", False, None, (), None),
        ("::1", False, None, (), None),
        ("127.0.0.1", False, TOKEN, (), None),
        ("127.0.0.1", True, TOKEN, (), TOKEN),
        ("10.0.0.7", False, TOKEN, (), TOKEN),
        (EVERYWHERE, False, TOKEN, ("box.lan",), TOKEN),
    ],
)
def test_who_must_show_a_token(
    host: str, is_required: bool, token: str | None, hosts: tuple[str, ...], expected: str | None
) -> None:
    assert token_for(settings(token=token, allowed_hosts=hosts), host, is_required=is_required) == expected


@pytest.mark.parametrize(
    ("host", "is_required", "token"),
    [
        ("10.0.0.7", False, None),
        (EVERYWHERE, False, None),
        ("127.0.0.1", True, None),
        (EVERYWHERE, False, TOKEN),
        ("::", True, TOKEN),
    ],
)
def test_an_open_door_without_a_lock_is_refused(host: str, is_required: bool, token: str | None) -> None:
    with pytest.raises(InvalidRequestError, match="BREWSLM_"):
        token_for(settings(token=token), host, is_required=is_required)


@pytest.mark.parametrize("token", ["short", "x" * 15, "with space " * 3, "ümlaut" * 5])
def test_weak_tokens_are_refused_without_being_repeated(token: str) -> None:
    with pytest.raises(InvalidRequestError, match="BREWSLM_TOKEN") as raised:
        read_settings({"BREWSLM_TOKEN": token})
    assert token not in str(raised.value)


def test_settings_never_show_the_token() -> None:
    assert TOKEN not in repr(read_settings({"BREWSLM_TOKEN": TOKEN}))


def test_allowed_hosts_are_read_as_a_list() -> None:
    assert read_settings({"BREWSLM_ALLOWED_HOSTS": " box.lan, other.lan,,"}).allowed_hosts == ("box.lan", "other.lan")


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConflictError, match=f"port {port} of 127.0.0.1 is in use"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.1", "no such host"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(InvalidRequestError):
        listen(host, 0)


def test_a_start_is_an_event(house: House) -> None:
    note_start(house, "127.0.0.1", 8000)
    (event,) = house.jobs.newest_events()
    assert (event.reason, event.project_id, event.payload["port"]) == ("system_started", None, 8000)


def test_every_class_of_error_has_a_status() -> None:
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, BrewError) and kind is not BrewError:
            assert any(known in STATUSES for known in kind.__mro__), kind
    assert status_of(BrewError("x")) == 400
