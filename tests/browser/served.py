"""The real app in a thread of this process, without lanes and patrol: in its ledger is what a test wrote there."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from brewslm.api.app import create_app
from brewslm.api.door import Door
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap.house import House

TOKEN = "t" * 43


class Served:
    """Where it listens, and the way in."""

    def __init__(self, port: int, door: Door, server: uvicorn.Server) -> None:
        """Bind it."""
        self.url = f"http://127.0.0.1:{port}"
        self._door, self._server = door, server

    @property
    def login(self) -> str:
        """An address that lets a browser in, once."""
        return self.url + self._door.new_path()

    def cut(self) -> None:
        """End every connection that is open, in whatever it is."""
        for connection in list(self._server.server_state.connections):
            connection.loop.call_soon_threadsafe(connection.transport.abort)


@contextmanager
def served(house: House) -> Iterator[Served]:
    """Serve a house while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        door = Door(TOKEN, port=port)
        app = create_app(
            house,
            hosts=allowed_hosts(port, host="127.0.0.1"),
            token=TOKEN,
            door=door,
            is_stopping=lambda: server.should_exit,
        )
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="served")
        thread.start()
        try:
            yield Served(port, door, server)
        finally:
            server.should_exit = True
            thread.join()
