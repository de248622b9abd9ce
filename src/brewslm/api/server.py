"""Listening: the socket, the log, and an end within seconds. Workers are processes of their own and go on."""

import contextlib
import errno
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from importlib.metadata import version
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from brewslm.api.door import Door
from brewslm.api.front import Front
from brewslm.api.guard import Guard, allowed_hosts, is_loopback, is_wildcard
from brewslm.bootstrap.access import token_of
from brewslm.bootstrap.house import House
from brewslm.bootstrap.leadership import Leadership, open_as_leader
from brewslm.bootstrap.settings import MIN_TOKEN_LENGTH, TOKEN_VARIABLE, Settings, read_settings
from brewslm.core.errors import BrewError, ConflictError, InvalidRequestError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import SystemStarted
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import RunId
from brewslm.services.recording import Origin, emit_event

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)

CLOSE_SECONDS = 2
LEADER_CHECK_SECONDS = 5.0
SHOWING_SECONDS = 0.0005
"""After which the thread that loads the routes lets the one go on that shows the Studio meanwhile."""
_LOG_BYTES = 5_000_000


def serve(host: str, port: int, *, is_token_required: bool = False, is_opened: bool = False) -> None:
    """Serve the workspace that the environment names, until SIGINT or SIGTERM.

    Args:
        host: where to listen.
        port: where to listen; 0 takes a free one.
        is_token_required: whether programs on this machine must show the token, too.
        is_opened: whether a browser is opened on the Studio.

    Raises:
        BrewError: the settings, the workspace or the address cannot be used.
    """
    settings = read_settings()
    refuse_open_door(settings, host)
    house, leadership = open_as_leader(settings)
    token = token_of(settings)
    keep_log(settings.logs)
    with listen(host, port) as listener:
        own_port = int(listener.getsockname()[1])
        reached = settings.allowed_hosts[0] if is_wildcard(host) else host
        shown = f"[{reached}]" if ":" in reached else reached
        leadership.lock.tell(f"http://{shown}:{own_port}")
        hosts = allowed_hosts(own_port, host=host, more=settings.allowed_hosts)
        door = Door(token, port=own_port)
        server: uvicorn.Server
        front = Front(
            lambda: load_api(house, door, is_stopping=lambda: server.should_exit),
            give_up=lambda: setattr(server, "should_exit", True),
        )
        is_token_required = is_token_required or not is_loopback(host)
        config = uvicorn.Config(
            Guard(front, hosts=hosts, token=token, door=door, is_token_required=is_token_required),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=CLOSE_SECONDS,
        )
        server = uvicorn.Server(config)
        note_start(house, host, own_port)
        sys.stdout.write(
            f"BrewSLM serves {settings.home} at http://{shown}:{own_port}\n"
            f"Open the Studio: http://{shown}:{own_port}{door.new_path()}\n"
            "The address works once; `brewslm open` makes another. Stop with Ctrl-C.\n"
        )
        sys.stdout.flush()
        if is_opened:
            threading.Thread(target=open_browser, args=(f"http://{shown}:{own_port}{door.new_path()}",)).start()
        for number in (signal.SIGINT, signal.SIGTERM):
            # uvicorn raises the signal again when it has closed; that is not another wish.
            signal.signal(number, lambda _number, _frame: None)
        threading.Thread(target=end_when_replaced, args=(leadership,), name="leadership", daemon=True).start()
        server.run(sockets=[listener])
    if front.failure is not None:
        raise front.failure
    logging.shutdown()
    # Lanes in mid-job are daemon threads; leaving at once spares them an interpreter that is being taken apart.
    os._exit(0)


def load_api(house: House, door: Door, *, is_stopping: Callable[[], bool]) -> "FastAPI":
    """Load the routes, which takes longer than all the rest of the start."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SHOWING_SECONDS)
    try:
        from brewslm.api.app import create_api

        api = create_api(house, is_stopping=is_stopping)
    finally:
        sys.setswitchinterval(interval)
    api.state.door = door
    gc.freeze()
    gc.enable()
    return api


def end_when_replaced(leadership: Leadership) -> None:
    """End this server where another one has taken the workspace. Its workers go on, in the other's care."""
    while True:
        time.sleep(LEADER_CHECK_SECONDS)
        try:
            is_current = leadership.is_current()
        except BrewError:
            log.exception("it is not known whether another server began; asking again")
            continue
        if not is_current:
            message = (
                "another server has taken this workspace (its lock file went, or its database restarted); this one ends"
            )
            log.critical(message)
            os.kill(os.getpid(), signal.SIGTERM)
            return


def note_start(house: House, host: str, port: int) -> None:
    """Record that a server came up."""
    number = version("brewslm")
    summary = f"A server of version {number} started on {host}:{port}"
    payload = SystemStarted(version=number, host=host, port=port)
    with house.ports.storage.write() as transaction:
        emit_event(
            transaction,
            Draft(reason=Reason.SYSTEM_STARTED, summary=summary, payload=payload),
            origin=Origin(project_id=None, run_id=RunId("system"), actor="system"),
            occurred_at=house.ports.clock.now(),
        )


def open_browser(address: str) -> None:
    """Open the user's browser, where there is one; the address was printed anyway."""
    with contextlib.suppress(webbrowser.Error):
        webbrowser.open(address)


def refuse_open_door(settings: Settings, host: str) -> None:
    """Refuse to listen where others could reach the server, unless there is a token and a list of host names.

    Raises:
        InvalidRequestError: there is none.
    """
    if is_loopback(host):
        return
    if settings.token is None:
        message = (
            f"--host {host!r} lets other machines in: {TOKEN_VARIABLE} must be set then, with at least "
            f"{MIN_TOKEN_LENGTH} characters; set it, or leave the option out"
        )
        raise InvalidRequestError(message)
    if is_wildcard(host) and not settings.allowed_hosts:
        message = (
            f"--host {host!r} listens on every address; name those that clients use in BREWSLM_ALLOWED_HOSTS "
            "(comma-separated, without ports), or give one address"
        )
        raise InvalidRequestError(message)


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket.

    Raises:
        ConflictError: another program listens there.
        InvalidRequestError: the address is not one of this machine, or may not be used.
    """
    bare = host.strip("[]")
    try:
        family, _, _, _, address = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        message = f"--host {host!r} is not an address of this machine ({error.strerror}); leave it out"
        raise InvalidRequestError(message) from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            message = f"port {port} of {host} is in use; stop the other program, or serve with `--port {port + 1}`"
            raise ConflictError(message) from error
        message = f"cannot listen on {host}:{port} ({error.strerror}); choose another --host or --port"
        raise InvalidRequestError(message) from error
    return listener


def keep_log(folder: Path) -> None:
    """Write the log to `server.log`, capped in size, and what is worse than a warning to stderr as well."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    logging.raiseExceptions = False
    file = RotatingFileHandler(folder / "server.log", maxBytes=_LOG_BYTES, backupCount=2)
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.CRITICAL)
    root = logging.getLogger()
    root.handlers = [file, terminal]
    root.setLevel(logging.INFO)
