"""The llama.cpp engine: its own server, in this process and for this process alone, behind the house's face.

llama.cpp batches by itself. Text, stop strings and errors are told as with the other engine, so that clients cannot
see which one answers.
"""

import http.client
import json
import secrets
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from brewslm.core.data.example import Message, chat_of
from brewslm.core.serving.order import ServeOrder
from brewslm.core.wire.export import INSTALL_GGUF
from brewslm.serving.failure import BadRequestError, RefusedError
from brewslm.serving.files import check_files
from brewslm.serving.generation import End, Failed, Generation, Prompt, Token
from brewslm.serving.openai.face import Built, Model
from brewslm.serving.sampling import Choice
from brewslm.serving.text import Writer

WAIT_SECONDS = 600.0
MAX_THREADS = 64
NO_SPINNING = 0
"""Threads that wait for each other sleep: on a busy machine they answer twice as fast, on a quiet one no slower."""


def build_llama_cpp(order: ServeOrder) -> Built:
    """Load a GGUF file.

    Raises:
        RefusedError: xllamacpp is missing, the file is damaged, or llama.cpp does not take it.
    """
    try:
        import xllamacpp
    except ImportError as error:
        raise RefusedError(f"GGUF bundles are served by llama.cpp; {INSTALL_GGUF}") from error
    if order.adapters:
        raise RefusedError("adapters on a GGUF base are not served; serve the merged model")
    check_files(order.files)
    link = Link(xllamacpp, order)
    context = int(link.ask("GET", "/props")["default_generation_settings"]["n_ctx"])
    model = Model(order.name, context, LlamaSpeller(link), LlamaEngine(link, order.max_streams), is_echo_possible=False)
    return Built(model, f"llama.cpp by xllamacpp {xllamacpp.__version__}", "cpu")


class Link:
    """Talks to llama.cpp's server, which listens on loopback behind a key that only this process has."""

    def __init__(self, library: Any, order: ServeOrder) -> None:  # noqa: ANN401 - the module
        """Start the server.

        Raises:
            RefusedError: it does not take the file.
        """
        self._key = secrets.token_hex(16)
        settings = library.CommonParams()
        settings.model.path = order.model
        settings.hostnames, settings.port, settings.api_keys = ["127.0.0.1"], 0, [self._key]
        settings.n_parallel = order.max_streams
        settings.n_ctx = order.max_context_tokens * order.max_streams
        settings.cpuparams.poll = settings.cpuparams_batch.poll = NO_SPINNING
        settings.warmup = settings.ui = settings.endpoint_slots = settings.fit_params = False
        settings.verbosity = -1
        try:
            self._server = library.Server(settings)
        except RuntimeError as error:
            raise RefusedError(f"llama.cpp does not serve {order.model!r}: {error}") from error
        address = urlsplit(self._server.listening_address)
        self._place = (address.hostname or "127.0.0.1", address.port)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what it says.

        Raises:
            BadRequestError: it refuses.
        """
        with self._sent(method, path, body) as answer:
            said: dict[str, Any] = json.loads(answer.read())
        if answer.status != 200:
            raise BadRequestError(str(said.get("error", said)), code="llama_cpp")
        return said

    def stream(self, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what it says, piece by piece; leaving closes the connection, by which it stops."""
        with self._sent("POST", path, body) as answer:
            if answer.status != 200:
                raise BadRequestError(answer.read().decode(errors="replace")[:500], code="llama_cpp")
            for line in answer:
                if line.startswith(b"data: {"):
                    yield json.loads(line[6:])

    @contextmanager
    def _sent(self, method: str, path: str, body: dict[str, Any] | None) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(*self._place, timeout=WAIT_SECONDS)
        try:
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            yield connection.getresponse()
        finally:
            connection.close()


class LlamaSpeller:
    """Implements `face.Speller` by llama.cpp's own tokenizer and template."""

    def __init__(self, link: Link) -> None:
        """Bind it."""
        self._link = link

    def of_chat(self, messages: Sequence[Message]) -> list[int]:
        """Tokens of a conversation in which the assistant is about to speak."""
        prompt = self._link.ask("POST", "/apply-template", {"messages": chat_of(messages)})["prompt"]
        return self.of_text(str(prompt))

    def of_text(self, text: str) -> list[int]:
        """Tokens of a text as it stands."""
        asked = {"content": text, "add_special": False, "parse_special": True}
        return [int(token) for token in self._link.ask("POST", "/tokenize", asked)["tokens"]]

    def spell(self, token: int) -> str:
        """The text of one token."""
        return self.text_of([token])

    def text_of(self, tokens: Sequence[int]) -> str:
        """The text of tokens."""
        return str(self._link.ask("POST", "/detokenize", {"tokens": list(tokens)})["content"])


class LlamaEngine:
    """Implements `Engine`: a thread for each answer that listens to llama.cpp, which computes them together."""

    def __init__(self, link: Link, max_streams: int) -> None:
        """Bind it."""
        self._link = link
        self._threads = ThreadPoolExecutor(min(max_streams, MAX_THREADS), thread_name_prefix="answers")
        self._guard = threading.Lock()
        self._num_active = self._num_waiting = 0

    def submit(self, generation: Generation) -> None:
        """Take a generation in."""
        with self._guard:
            self._num_waiting += 1
        self._threads.submit(self._run, generation)

    def load(self) -> tuple[int, int]:
        """Return how many answers are under way, and how many wait."""
        with self._guard:
            return self._num_active, self._num_waiting

    def close(self) -> None:
        """Stop."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, generation: Generation) -> None:
        with self._guard:
            self._num_active, self._num_waiting = self._num_active + 1, self._num_waiting - 1
        try:
            if not generation.is_cancelled:
                self._answer(generation)
        except Exception as error:  # noqa: BLE001 - the edge of a thread
            generation.tell(Failed(f"llama.cpp gave no answer: {error}"))
        finally:
            with self._guard:
                self._num_active -= 1

    def _answer(self, generation: Generation) -> None:
        writer = Writer(lambda _: "", generation.stops)
        generation.tell(Prompt())
        reason, num_tokens = "length", None
        for said in self._link.stream("/completion", _asked(generation)):
            if generation.is_cancelled:
                return
            if said.get("stop"):
                reason = "stop" if said.get("stop_type") == "eos" else "length"
                num_tokens = int(said["tokens_predicted"])
                break
            piece = writer.release(str(said.get("content", "")))
            told = said.get("completion_probabilities") or []
            for place, one in enumerate(told):
                generation.tell(Token(_choice(one, generation), piece.text if place + 1 == len(told) else ""))
            if piece.is_stopped:
                generation.tell(End("stop"))
                return
        generation.tell(End("stop" if reason == "stop" else "length", writer.end().text, num_tokens))


def _asked(generation: Generation) -> dict[str, Any]:
    sampling = generation.sampling
    return {
        "prompt": list(generation.prompt),
        "stream": True,
        "n_predict": generation.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": 0,
        "min_p": 0.0,
        "repeat_penalty": 1.0,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "logit_bias": [[token, bias] for token, bias in sampling.logit_bias.items()],
        "seed": -1 if sampling.seed is None else sampling.seed % 2**32,
        "n_probs": max(1, sampling.num_top_logprobs),
        "return_tokens": True,
        "cache_prompt": True,
    }


def _choice(one: dict[str, Any], generation: Generation) -> Choice:
    top = one.get("top_logprobs") or []
    told = tuple((int(each["id"]), float(each["logprob"])) for each in top)
    return Choice(int(one["id"]), float(one["logprob"]), told if generation.sampling.num_top_logprobs else ())
