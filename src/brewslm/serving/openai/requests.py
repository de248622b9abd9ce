"""Requests as the OpenAI API spells them. What cannot be honoured is refused, by the name of the parameter."""

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from brewslm.core.data.example import Message
from brewslm.core.value import Value
from brewslm.serving.failure import BadRequestError
from brewslm.serving.sampling import Sampling

MAX_STOPS = 16
"""OpenAI takes four; tasks of evaluation harnesses name more."""
MAX_CHOICES = 8
DEFAULT_COMPLETION_TOKENS = 16

Idle = Literal[False] | None
"""A switch that may be left off, and cannot be turned on."""


def _as_list(value: Any) -> Any:  # noqa: ANN401 - whatever was sent
    return [value] if isinstance(value, str) else value


Stops = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_as_list), Field(max_length=MAX_STOPS)
]


class StreamOptions(Value):
    """What a stream carries besides."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class TextPart(Value):
    """A part of a message; only text is understood."""

    type: Literal["text"]
    text: str


class ChatMessage(Value):
    """One turn."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | tuple[TextPart, ...]
    name: str | None = None
    refusal: str | None = None

    def told(self) -> Message:
        """Return it as the house spells it."""
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return Message(role="system" if self.role == "developer" else self.role, content=text)


class TextFormat(Value):
    """Plain text, the only format of answers."""

    type: Literal["text"]


class Asked(Value):
    """What both kinds of requests have."""

    model: str
    stop: Stops | None = None
    temperature: float | None = Field(None, ge=0.0, le=2.0)
    top_p: float | None = Field(None, gt=0.0, le=1.0)
    n: int | None = Field(None, ge=1, le=MAX_CHOICES)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    presence_penalty: float | None = Field(None, ge=-2.0, le=2.0)
    frequency_penalty: float | None = Field(None, ge=-2.0, le=2.0)
    logit_bias: dict[int, Annotated[float, Field(ge=-100.0, le=100.0)]] | None = None
    max_tokens: int | None = Field(None, ge=0)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    store: Idle = None
    service_tier: Literal["auto", "default"] | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Asked":
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options: only allowed when stream is enabled")
        return self

    @property
    def has_usage_chunk(self) -> bool:
        """Whether a stream ends with the usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def sampling(self, *, number: int, num_top_logprobs: int) -> Sampling:
        """How the tokens of choice `number` are chosen; each choice has a random stream of its own."""
        return Sampling(
            temperature=1.0 if self.temperature is None else self.temperature,
            top_p=1.0 if self.top_p is None else self.top_p,
            seed=None if self.seed is None else self.seed + number,
            presence_penalty=self.presence_penalty or 0.0,
            frequency_penalty=self.frequency_penalty or 0.0,
            logit_bias=self.logit_bias or {},
            num_top_logprobs=num_top_logprobs,
        )


class ChatRequest(Asked):
    """A chat."""

    messages: tuple[ChatMessage, ...] = Field(min_length=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    response_format: TextFormat | None = None

    @model_validator(mode="after")
    def _has_logprobs(self) -> "ChatRequest":
        if self.top_logprobs and not self.logprobs:
            raise ValueError("top_logprobs: logprobs must be true where top_logprobs is given")
        return self


class CompletionRequest(Asked):
    """A text that goes on."""

    prompt: str | tuple[str, ...] | tuple[int, ...] | tuple[tuple[int, ...], ...]
    echo: bool | None = None
    logprobs: int | None = Field(None, ge=0, le=20)
    best_of: Literal[1] | None = None
    suffix: Literal[""] | None = None

    @property
    def prompts(self) -> "tuple[str | tuple[int, ...], ...]":
        """Each prompt, as text or as tokens."""
        prompt = self.prompt
        if isinstance(prompt, str):
            return (prompt,)
        tokens = tuple(one for one in prompt if isinstance(one, int))
        return (tokens,) if tokens else tuple(one for one in prompt if not isinstance(one, int))


RequestT = TypeVar("RequestT", ChatRequest, CompletionRequest)


def parse(kind: type[RequestT], body: bytes) -> RequestT:
    """Read a request.

    Raises:
        BadRequestError: it is no JSON, or a parameter is unknown or has a value that cannot be honoured.
    """
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BadRequestError(f"the body is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise BadRequestError("the body must be a JSON object")
    # What is sent as null counts as not sent.
    present = {name: value for name, value in data.items() if value is not None}
    try:
        return kind.model_validate(present)
    except ValidationError as error:
        raise _told(error, known=set(kind.model_fields)) from error


def _told(error: ValidationError, *, known: set[str]) -> BadRequestError:
    problem = error.errors()[0]
    place = [str(part) for part in problem["loc"]]
    name = ".".join(place) or None
    if problem["type"] == "extra_forbidden" and place[0] not in known:
        message = f"Unrecognized request argument supplied: {place[0]}"
        return BadRequestError(message, param=place[0], code="unknown_parameter")
    if problem["type"] == "missing":
        return BadRequestError(f"Missing required parameter: {name!r}", param=name, code="missing_required_parameter")
    message = problem["msg"].removeprefix("Value error, ")
    if not place:
        param, _, message = message.partition(": ")
        return BadRequestError(message, param=param, code="invalid_value")
    return BadRequestError(f"Invalid value for {name!r}: {message}", param=place[0], code="invalid_value")
