"""Listening, and who is let in from where."""

import socket
import stat
from pathlib import Path

import pytest

from brewslm.api.errors import STATUSES, status_of
from brewslm.api.server import listen, note_start, refuse_open_door
from brewslm.bootstrap.access import TOKEN_FILE, token_of
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings, read_settings
from brewslm.core import errors
from brewslm.core.errors import BrewError, ConflictError, InvalidRequestError, WorkspaceError

TOKEN = "t" * 32
EVERYWHERE = "0.0.0.0"


def settings(**more: object) -> Settings:
    return Settings.model_validate({"home": "/nowhere", **more})


LOOPBACKS = ["127.0.0.1", "localhost", "::1", "[::1]"]
OTHERS = ["10.0.0.7", "192.168.0.1", "fd00::7", "box.lan", "127.evil.tld", "127.0.0.2", "169.254.1.1"]
WILDCARDS = [EVERYWHERE, "::", "[::]", ""]


@pytest.mark.parametrize("hosts", [(), ("box.lan",)])
@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("host", [*LOOPBACKS, *OTHERS, *WILDCARDS])
def test_no_start_lets_others_in_without_token_and_names(host: str, token: str | None, hosts: tuple[str, ...]) -> None:
    asked = settings(token=token, allowed_hosts=hosts)
    if host in LOOPBACKS or (token is not None and (host in OTHERS or hosts)):
        refuse_open_door(asked, host)
    else:
        with pytest.raises(InvalidRequestError, match="BREWSLM_"):
            refuse_open_door(asked, host)


def test_the_token_of_a_workspace_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    own = settings(home=tmp_path / "home")
    token = token_of(own)
    file = tmp_path / "home" / TOKEN_FILE
    assert (token_of(own), stat.S_IMODE(file.stat().st_mode), len(token) >= 32) == (token, 0o600, True)
    assert [path.name for path in file.parent.iterdir()] == [TOKEN_FILE]
    assert token_of(settings(home=tmp_path / "other")) != token
    assert token_of(settings(home=tmp_path / "home", token=TOKEN)) == TOKEN


@pytest.mark.parametrize(("mode", "text"), [(0o644, "x" * 43), (0o640, "x" * 43), (0o600, ""), (0o600, "short")])
def test_a_token_that_others_can_read_or_guess_is_refused(tmp_path: Path, mode: int, text: str) -> None:
    file = tmp_path / TOKEN_FILE
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(WorkspaceError, match="remove it") as raised:
        token_of(settings(home=tmp_path))
    assert not text or text not in str(raised.value)


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
