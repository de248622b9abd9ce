"""The serving command: `python -m brewslm.serving RUN_DIRECTORY`. It ends when its standard input ends."""

import contextlib
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from brewslm.core.launch.versions import said_missing
from brewslm.core.serving.order import ORDER_FILE, READY_FILE, REFUSED_FILE, TOKEN_FILE, Ready, Refused, ServeOrder
from brewslm.core.value import Value
from brewslm.serving.failure import RefusedError

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
EXIT_REFUSED, EXIT_BROKEN = 65, 70


def main(arguments: list[str]) -> int:
    """Serve what the order says until the server that started this is gone."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m brewslm.serving RUN_DIRECTORY\n")
        return 2
    folder = Path(arguments[0]).resolve()
    os.umask(0o077)
    os.environ.update(OFFLINE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which drains this process
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    order = ServeOrder.model_validate_json((folder / ORDER_FILE).read_bytes())
    token = (folder / TOKEN_FILE).read_text(encoding="ascii")
    try:
        _serve(order, token, folder)
    except RefusedError as error:
        _write(folder / REFUSED_FILE, Refused(message=str(error), is_damaged=error.is_damaged))
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    except ModuleNotFoundError as error:
        missing = said_missing(error, extra="serve")
        if missing is None:
            raise
        _write(folder / REFUSED_FILE, Refused(message=missing))
        sys.stderr.write(f"{missing}\n")
        return EXIT_REFUSED
    return 0


def _serve(order: ServeOrder, token: str, folder: Path) -> None:
    import uvicorn

    from brewslm.serving.building import build
    from brewslm.serving.openai.face import Face

    built = build(order, on_broken=lambda: os._exit(EXIT_BROKEN))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ready = Ready(
            port=listener.getsockname()[1],
            pid=os.getpid(),
            runtime=built.runtime,
            device=built.device,
            context_tokens=built.model.context_tokens,
        )
        config = uvicorn.Config(
            Face(built.model, token).app(),
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        _write(folder / READY_FILE, ready)
        uvicorn.Server(config).run(sockets=[listener])


def _end_with_parent() -> None:
    """End when the pipe from the server closes, which it does however the server ends."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(0)


def _write(path: Path, content: Value) -> None:
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_bytes(content.model_dump_json().encode())
    aside.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
