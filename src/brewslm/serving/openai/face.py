"""The HTTP face of a serving process: on loopback, with a token that only its server knows."""

import asyncio
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from brewslm.core.data.example import Message
from brewslm.core.serving.measured import MEASURED_COMMENT, MEASURED_HEADER
from brewslm.core.serving.order import ADAPTERS_PATH, AdapterSet, ServedAdapter
from brewslm.serving.failure import BadRequestError, RefusedError
from brewslm.serving.generation import Engine, Event, Generation
from brewslm.serving.openai.answers import Answers, BrokenError, Part, whole
from brewslm.serving.openai.replies import Chats, Completions, error_of, event_of, usage_of
from brewslm.serving.openai.requests import DEFAULT_COMPLETION_TOKENS, Asked, ChatRequest, CompletionRequest, parse

DONE = "data: [DONE]\n\n"


class Speller(Protocol):
    """Spells prompts and tokens for one model."""

    def of_chat(self, messages: Sequence[Message]) -> list[int]:
        """Tokens of a conversation in which the assistant is about to speak."""

    def of_text(self, text: str) -> list[int]:
        """Tokens of a text as it stands."""

    def spell(self, token: int) -> str:
        """The text of one token."""

    def text_of(self, tokens: Sequence[int]) -> str:
        """The text of tokens."""


class AdapterHolder(Protocol):
    """Adapters on a model, which come and go."""

    def key_of(self, name: str) -> str | None:
        """What the engine calls the adapter of this name; None where it holds none."""

    def hold(self, wanted: Sequence[ServedAdapter]) -> None:
        """Load those that are missing and drop the others; blocks.

        Raises:
            RefusedError: one of them does not fit.
        """


@dataclass(frozen=True, slots=True)
class Model:
    """What answers, and under which names."""

    name: str
    context_tokens: int
    speller: Speller
    engine: Engine
    adapters: AdapterHolder | None = None
    """What answers under other names; None where nothing can."""
    is_echo_possible: bool = True
    """Whether the engine tells how likely the tokens of a prompt are."""

    def adapter_of(self, name: str) -> str | None:
        """The adapter that answers under a name; None for the model itself.

        Raises:
            BadRequestError: nothing does.
        """
        if name == self.name:
            return None
        key = self.adapters.key_of(name) if self.adapters is not None else None
        if key is None:
            message = f"The model {name!r} does not exist here."
            raise BadRequestError(message, param="model", code="model_not_found", status=404)
        return key


@dataclass(frozen=True, slots=True)
class Built:
    """A model that answers, and what it answers with."""

    model: Model
    runtime: str
    device: str


@dataclass(frozen=True, slots=True)
class _Ask:
    """A request that was understood: its choices, and how they are told."""

    answers: Answers
    replies: Chats | Completions
    num_choices: int
    request: Asked


class Face:
    """The routes over one model."""

    def __init__(self, model: Model, token: str) -> None:
        """Bind it to the model, and to what its server shows."""
        self._model = model
        self._token = f"Bearer {token}".encode()

    def app(self) -> Starlette:
        """Build the routes."""
        routes = [
            Route("/health", self._guarded(self._health), methods=["GET"]),
            Route(ADAPTERS_PATH, self._guarded(self._hold), methods=["PUT"]),
            Route("/v1/chat/completions", self._guarded(self._chat), methods=["POST"]),
            Route("/v1/completions", self._guarded(self._complete), methods=["POST"]),
        ]
        return Starlette(routes=routes)

    def _guarded(self, route: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            shown = request.headers.get("authorization", "").encode("latin-1")
            if not hmac.compare_digest(shown, self._token):
                return JSONResponse(error_of("only the server of this process may ask it"), status_code=401)
            try:
                response: Response = await route(request)
            except BadRequestError as error:
                body = error_of(str(error), param=error.param, code=error.code)
                return JSONResponse(body, status_code=error.status)
            return response

        return answer

    async def _health(self, _request: Request) -> Response:
        active, waiting = self._model.engine.load()
        return JSONResponse({"active": active, "waiting": waiting})

    async def _hold(self, request: Request) -> Response:
        wanted = AdapterSet.model_validate_json(await request.body()).adapters
        if self._model.adapters is None:
            raise BadRequestError(f"{self._model.name!r} takes no adapters", param="adapters")
        try:
            await asyncio.to_thread(self._model.adapters.hold, wanted)
        except RefusedError as error:
            raise BadRequestError(str(error), param="adapters", code="adapter_refused", status=422) from error
        return JSONResponse({"adapters": [adapter.name for adapter in wanted]})

    async def _chat(self, request: Request) -> Response:
        asked = parse(ChatRequest, await request.body())
        prompt = self._model.speller.of_chat([message.told() for message in asked.messages])
        most = asked.max_completion_tokens or asked.max_tokens
        answers, count = Answers(self._model.engine), asked.n or 1
        maker = self._maker(asked, num_top=asked.top_logprobs or 0)
        for number in range(count):
            answers.ask(maker(prompt, self._room(prompt, most), number), is_same_prompt=number > 0)
        replies = Chats(asked.model, self._model.speller.spell, has_logprobs=bool(asked.logprobs))
        return await self._reply(request, _Ask(answers, replies, count, asked))

    async def _complete(self, request: Request) -> Response:
        asked = parse(CompletionRequest, await request.body())
        if asked.echo and not self._model.is_echo_possible:
            message = "llama.cpp does not tell the likelihood of a prompt; serve the Hugging Face bundle for echo"
            raise BadRequestError(message, param="echo", code="unsupported_value")
        most = DEFAULT_COMPLETION_TOKENS if asked.max_tokens is None else asked.max_tokens
        speller, answers, count = self._model.speller, Answers(self._model.engine), asked.n or 1
        maker = self._maker(asked, num_top=asked.logprobs or 0)
        echoes: list[tuple[Sequence[int], str]] = []
        for given in asked.prompts:
            tokens = speller.of_text(given) if isinstance(given, str) else list(given)
            if not tokens:
                raise BadRequestError("the prompt is empty; begin with a text", param="prompt", code="invalid_value")
            text = given if isinstance(given, str) else speller.text_of(tokens)
            for number in range(count):
                answers.ask(maker(tokens, self._room(tokens, most), number), is_same_prompt=number > 0)
                echoes.append((tokens, text) if asked.echo else ((), ""))
        has_logprobs = asked.logprobs is not None
        replies = Completions(asked.model, speller.spell, has_logprobs=has_logprobs, echoes=echoes)
        return await self._reply(request, _Ask(answers, replies, len(echoes), asked))

    def _maker(
        self, asked: ChatRequest | CompletionRequest, *, num_top: int
    ) -> Callable[[Sequence[int], int, int], Callable[[int, Callable[[Event], None]], Generation]]:
        adapter = self._model.adapter_of(asked.model)
        is_echoed = isinstance(asked, CompletionRequest) and bool(asked.echo)

        def of(prompt: Sequence[int], most: int, number: int) -> Callable[[int, Callable[[Event], None]], Generation]:
            sampling = asked.sampling(number=number, num_top_logprobs=num_top)
            return lambda _, tell: Generation(
                prompt, most, tell, sampling, asked.stop or (), adapter=adapter, is_echoed=is_echoed
            )

        return of

    def _room(self, prompt: Sequence[int], most: int | None) -> int:
        """How many tokens an answer may have."""
        context = self._model.context_tokens
        needed = len(prompt) + (1 if most is None else most)
        if needed > context:
            asked = f"{len(prompt)} tokens of prompt" + (
                "" if most is None else f" and {most} of answer were asked for"
            )
            message = f"This model's maximum context length is {context} tokens, but {asked}; shorten one of them."
            raise BadRequestError(message, param="messages", code="context_length_exceeded")
        return context - len(prompt) if most is None else most

    async def _reply(self, request: Request, ask: _Ask) -> Response:
        if ask.request.stream:
            return StreamingResponse(_stream(ask), media_type="text/event-stream")
        parts = await _unless_gone(request, _gathered(ask.answers))
        if parts is None:
            return Response(status_code=499)
        usage = usage_of(ask.answers.num_prompt_tokens, ask.answers.num_completion_tokens)
        body = ask.replies.whole([whole(parts, index) for index in range(ask.num_choices)], usage)
        return JSONResponse(body, headers={MEASURED_HEADER: ask.answers.measured().model_dump_json()})


async def _gathered(answers: Answers) -> list[Part]:
    return [part async for part in answers.parts()]


async def _unless_gone(request: Request, work: "Any") -> list[Part] | None:  # noqa: ANN401 - a coroutine
    """Do the work, unless the client leaves first: then it is cancelled."""
    doing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return await doing if doing.done() else None
    except BrokenError as error:
        raise BadRequestError(str(error), code="engine_broke", status=503) from error
    finally:
        for task in (doing, leaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, BrokenError):
                await task


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _stream(ask: _Ask) -> AsyncIterator[str]:
    """Tell the choices as they grow. Starlette ends this generator when the client leaves."""
    for chunk in ask.replies.first(ask.num_choices):
        yield event_of(chunk)
    parts = ask.answers.parts()
    try:
        async for part in parts:
            for chunk in ask.replies.chunks(part):
                yield event_of(chunk)
    except BrokenError as error:
        yield event_of(error_of(str(error), kind="server_error", code="engine_broke"))
        return
    finally:
        await parts.aclose()  # type: ignore[attr-defined]  # an async generator has it
    if ask.request.has_usage_chunk:
        yield event_of(ask.replies.usage(usage_of(ask.answers.num_prompt_tokens, ask.answers.num_completion_tokens)))
    measured = json.dumps(ask.answers.measured().model_dump(mode="json"))
    yield f"{MEASURED_COMMENT}{measured}\n\n{DONE}"
