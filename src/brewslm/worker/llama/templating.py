"""What llama.cpp makes of a conversation by the chat template inside a GGUF file."""

import http.client
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from brewslm.core.data.example import Message, chat_of
from brewslm.worker.failure import BadOrderError

Render = Callable[[Sequence[Message]], str]
"""A conversation in which the assistant is about to speak, as text."""

_WAIT_SECONDS = 60


@contextmanager
def template_of(path: Path) -> Iterator[Render]:
    """Render with the runtime's own template engine; which one it is depends on the package that is installed."""
    if find_spec("xllamacpp") is None:
        yield _by_llama_cpp_python(path)
        return
    server, key = _server_of(path)
    address = urlsplit(server.listening_address)

    def render(messages: Sequence[Message]) -> str:
        link = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_WAIT_SECONDS)
        try:
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
            link.request("POST", "/apply-template", json.dumps({"messages": chat_of(messages)}), headers)
            answer = json.loads(link.getresponse().read())
        finally:
            link.close()
        if "prompt" not in answer:
            raise BadOrderError(f"llama.cpp does not apply the chat template: {answer.get('error', answer)}.")
        return str(answer["prompt"])

    try:
        yield render
    finally:
        del server  # which ends its threads


def _server_of(path: Path) -> tuple[Any, str]:
    """Start llama.cpp's server in this process, for this process alone: on the loopback, behind a key."""
    from xllamacpp import CommonParams, Server

    key = secrets.token_hex(16)
    settings = CommonParams()
    settings.model.path = str(path)
    settings.hostnames, settings.port, settings.api_keys = ["127.0.0.1"], 0, [key]
    settings.n_ctx, settings.n_parallel = 64, 1
    settings.warmup = settings.ui = settings.endpoint_slots = settings.fit_params = False
    settings.verbosity = -1
    try:
        return Server(settings), key
    except RuntimeError as error:
        raise BadOrderError(f"llama.cpp does not serve {path.name!r}: {error}.") from error


def _by_llama_cpp_python(path: Path) -> Render:
    from llama_cpp import Llama
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    about = Llama(model_path=str(path), vocab_only=True, verbose=False)
    spell = about.detokenize
    formatter = Jinja2ChatFormatter(
        template=about.metadata["tokenizer.chat_template"],
        eos_token=spell([about.token_eos()], special=True).decode(),
        bos_token=spell([about.token_bos()], special=True).decode() if about.token_bos() >= 0 else "",
    )
    return lambda messages: str(formatter(messages=chat_of(messages)).prompt)
