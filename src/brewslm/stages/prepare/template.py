"""A model's chat template, rendered as transformers renders it: sandboxed, for a template is a program of strangers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from brewslm.core.errors import BaseModelError

Chat = Sequence[Mapping[str, str]]
"""Messages with `role` and `content`."""

_TOKEN_NAMES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A compiled template."""

    source: str
    special_tokens: Mapping[str, str]
    """Variables that it may use, such as `bos_token`."""
    compiled: Any
    """A `jinja2.Template`."""

    def render(self, messages: Chat, *, asks: bool = False) -> str:
        """Render messages; `asks` appends what makes the assistant speak.

        Raises:
            BaseModelError: the template refuses the messages.
        """
        import jinja2

        try:
            rendered: str = self.compiled.render(
                messages=messages,
                tools=None,
                documents=None,
                add_generation_prompt=asks,
                **self.special_tokens,
            )
        except (jinja2.TemplateError, TypeError, KeyError, IndexError) as error:
            roles = ", ".join(message["role"] for message in messages)
            raise BaseModelError(f"The chat template refuses a conversation of {roles}: {error}.") from error
        return rendered


def read_template(folder: Path) -> ChatTemplate:
    """Read `chat_template.jinja`, else the one in `tokenizer_config.json`, and compile it.

    Raises:
        BaseModelError: the model has none, or it is not a template.
    """
    import jinja2

    config_file = folder / "tokenizer_config.json"
    try:
        config = json.loads(config_file.read_text(encoding="utf-8")) if config_file.exists() else {}
    except ValueError as error:
        raise BaseModelError(f"{str(config_file)!r} is not JSON: {error}. Get the model again.") from error
    source = _source(folder, config)
    tokens = {name: text for name in _TOKEN_NAMES if (text := _text_of(config.get(name))) is not None}
    try:
        compiled = _environment().from_string(source)
    except jinja2.TemplateError as error:
        raise BaseModelError(f"The chat template of {folder.name!r} cannot be compiled: {error}.") from error
    return ChatTemplate(source, tokens, compiled)


def _source(folder: Path, config: dict[str, Any]) -> str:
    file = folder / "chat_template.jinja"
    if file.exists():
        return file.read_text(encoding="utf-8")
    found = config.get("chat_template")
    if isinstance(found, list):
        found = next((item.get("template") for item in found if item.get("name") == "default"), None)
    if not isinstance(found, str):
        raise BaseModelError(f"The base model {folder.name!r} has no chat template. Choose one that is made for chat.")
    return found


def _text_of(token: Any) -> str | None:  # noqa: ANN401 - a token is spelled as text or as object
    found = token.get("content") if isinstance(token, dict) else token
    return found if isinstance(found, str) else None


def _environment() -> Any:  # noqa: ANN401 - a jinja2 environment
    """The sandbox, set up as `transformers.utils.chat_template_utils` does."""
    from jinja2 import TemplateError, nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.parser import Parser
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}`, with which some templates mark what the assistant says; it renders what is inside."""

        tags = {"generation"}  # noqa: RUF012 - as jinja2 declares it

        def parse(self, parser: Parser) -> list[nodes.Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    def to_json(value: Any, **options: Any) -> str:  # noqa: ANN401 - any JSON value, the options of `json.dumps`
        return json.dumps(value, **{"ensure_ascii": False, **options})

    def strftime_now(pattern: str) -> str:
        return datetime.now().astimezone().strftime(pattern)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = strftime_now
    return environment
