"""Serving processes that are played: a small HTTP server in a thread, which answers by its model's name."""

import hashlib
import json
import secrets
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from brewslm.adapters.serving.upstream import HttpUpstream, UpstreamProcess
from brewslm.core.errors import WorkerError
from brewslm.core.serving.measured import MEASURED_COMMENT, MEASURED_HEADER, Measured
from brewslm.core.serving.order import Ready, Refused, ServedAdapter, ServeOrder
from brewslm.core.serving.upstream import Upstream

MEASURED = Measured(
    prompt_tokens=3, completion_tokens=2, first_token_seconds=0.001, seconds=0.002, finish_reason="stop"
)


class PlayedProcess:
    """Implements `ServingProcess`."""

    def __init__(self, order: ServeOrder) -> None:
        self.order, self.token = order, secrets.token_hex(8)
        self.held: list[tuple[ServedAdapter, ...]] = [order.adapters]
        self._code: int | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (_Answers,), {"process": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def ready(self) -> Ready | Refused | None:
        port = self._server.server_address[1]
        return Ready(port=port, pid=0, runtime="played", device="cpu", context_tokens=64)

    def base_url(self, ready: Ready) -> str:
        return f"http://127.0.0.1:{ready.port}/v1"

    def exit_code(self) -> int | None:
        return self._code

    def hold(self, ready: Ready, adapters: Sequence[ServedAdapter]) -> str | None:
        if self._code is not None:
            raise WorkerError("the process is gone")
        unfit = [adapter.name for adapter in adapters if not Path(adapter.folder).is_dir()]
        if not unfit:
            self.held.append(tuple(adapters))
        return f"{unfit[0]} is not there" if unfit else None

    def is_answering(self, ready: Ready) -> bool:
        return self._code is None

    def die(self) -> None:
        """End as by SIGKILL: whoever is connected is cut off."""
        self._code = -9
        self._server.shutdown()
        self._server.server_close()


class PlayedServing:
    """Implements `ServingHost`."""

    def __init__(self) -> None:
        self.orders: list[ServeOrder] = []
        self.processes: list[PlayedProcess] = []

    def start(self, order: ServeOrder, *, name: str) -> PlayedProcess:
        self.orders.append(order)
        self.processes.append(PlayedProcess(order))
        return self.processes[-1]

    def attach(self, upstream: Upstream) -> UpstreamProcess:
        return UpstreamProcess(HttpUpstream(upstream, environment={}))

    def stop(self, process: Any) -> None:
        if isinstance(process, UpstreamProcess):
            process.end()
        elif process.exit_code() is None:
            process.die()


class _Answers(BaseHTTPRequestHandler):
    process: PlayedProcess

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Authorization"] == f"Bearer {self.process.token}"
        adapters = self.process.held[-1]
        assert body["model"] in {self.process.order.name, *(adapter.name for adapter in adapters)}
        said = json.dumps([body["model"].partition("@")[2], body.get("messages")])
        text = hashlib.sha256(said.encode()).hexdigest()[:8]
        choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
        if body.get("stream"):
            chunk = {"model": body["model"], "choices": [{**choice, "delta": {"content": text}}]}
            content = f"data: {json.dumps(chunk)}\n\n{MEASURED_COMMENT}{MEASURED.model_dump_json()}\n\ndata: [DONE]\n\n"
        else:
            content = json.dumps({"model": body["model"], "choices": [{**choice, "message": {"content": text}}]})
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if body.get("stream") else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header(MEASURED_HEADER, MEASURED.model_dump_json())
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_: Any) -> None:
        pass
