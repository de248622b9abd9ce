"""A model's chat template, rendered as transformers renders it: sandboxed, for a template is a program of strangers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from brewslm.core.errors import BaseModelError, TemplateRefusedError
from brewslm.core.tokens.template_source import template_source, token_text

Chat = Sequence[Mapping[str, Any]]
"""Messages as `core.data.example.chat_of` spells them."""

Span = tuple[int, int]
"""Characters from, and up to, in a rendered text."""

_PRIVATE = (chr(0xFFF00), chr(0xFFF01))

_TOKEN_NAMES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A compiled template."""

    source: str
    special_tokens: Mapping[str, str]
    """Variables that it may use, such as `bos_token`."""
    compiled: Any
    """A `jinja2.Template`."""
    marks_generations: bool = False
    """Whether it has `{% generation %}` blocks."""

    def render(self, messages: Chat, *, asks: bool = False, tools: Any = None, row: int | None = None) -> str:  # noqa: ANN401 - any JSON value
        """Render messages; `asks` appends what makes the assistant speak.

        Args:
            messages: the conversation.
            asks: whether the assistant is to speak next.
            tools: what functions it may call, parsed.
            row: the source row, for messages.

        Raises:
            TemplateRefusedError: the template refuses the messages.
        """
        return self._render(messages, ("", ""), asks=asks, tools=tools, row=row)

    def render_marked(self, messages: Chat, *, tools: Any = None, row: int | None = None) -> tuple[str, list[Span]]:  # noqa: ANN401 - any JSON value
        """Render messages, and say where the template's own `{% generation %}` blocks are.

        Raises:
            TemplateRefusedError: the template refuses the messages.
        """
        begin, end = _PRIVATE
        marked = self._render(messages, _PRIVATE, asks=False, tools=tools, row=row)
        if _is_torn(marked):
            raise TemplateRefusedError(f"The private characters U+FFF00 and U+FFF01 are in row {row}; remove the row.")
        parts, spans, length = marked.split(begin), [], 0
        plain = [parts[0]]
        length += len(parts[0])
        for part in parts[1:]:
            inside, _, outside = part.partition(end)
            spans.append((length, length + len(inside)))
            plain += [inside, outside]
            length += len(inside) + len(outside)
        return "".join(plain), spans

    def _render(
        self,
        messages: Chat,
        marks: tuple[str, str],
        *,
        asks: bool,
        tools: Any,  # noqa: ANN401 - any JSON value
        row: int | None,
    ) -> str:
        import jinja2

        try:
            rendered: str = self.compiled.render(
                messages=messages,
                tools=tools,
                documents=None,
                add_generation_prompt=asks,
                generation_begins=marks[0],
                generation_ends=marks[1],
                **self.special_tokens,
            )
        except (jinja2.TemplateError, ArithmeticError, AttributeError, TypeError, ValueError, LookupError) as error:
            roles = ", ".join(message["role"] for message in messages)
            place = "" if row is None else f" (row {row})"
            message = f"The chat template refuses a conversation of {roles}{place}: {error}. "
            step = "Map the data to turns that it takes, or choose another base model."
            raise TemplateRefusedError(message + step) from error
        return rendered


def _is_torn(marked: str) -> bool:
    """Whether begin and end do not take turns, which only characters in the data can cause."""
    order = [character for character in marked if character in _PRIVATE]
    return order != list(_PRIVATE) * (len(order) // 2)


def read_template(folder: Path, *, is_needed: bool = True) -> ChatTemplate:
    """Read `chat_template.jinja`, else the one in `tokenizer_config.json`, and compile it.

    Args:
        folder: of the base model.
        is_needed: whether a model without a template is refused; plain texts need none.

    Raises:
        BaseModelError: the model has none, or it is not a template.
    """
    import jinja2

    config_file = folder / "tokenizer_config.json"
    try:
        config = json.loads(config_file.read_text(encoding="utf-8")) if config_file.exists() else {}
    except ValueError as error:
        raise BaseModelError(f"{str(config_file)!r} is not JSON: {error}. Get the model again.") from error
    source = _source(folder, config, is_needed=is_needed)
    tokens = {name: text for name in _TOKEN_NAMES if (text := token_text(config.get(name))) is not None}
    try:
        compiled = _environment().from_string(source)
    except jinja2.TemplateError as error:
        raise BaseModelError(f"The chat template of {folder.name!r} cannot be compiled: {error}.") from error
    # Jinja keeps globals in a chain of maps and copies it for each rendering; from a plain dict that is fast.
    compiled.globals = dict(compiled.globals)
    return ChatTemplate(source, tokens, compiled, marks_generations="endgeneration" in source)


def _source(folder: Path, config: dict[str, Any], *, is_needed: bool) -> str:
    found = template_source(folder, config)
    if found is None:
        if not is_needed:
            return ""
        raise BaseModelError(f"The base model {folder.name!r} has no chat template. Choose one that is made for chat.")
    return found


def _environment() -> Any:  # noqa: ANN401 - a jinja2 environment
    """The sandbox, set up as `transformers.utils.chat_template_utils` does."""
    from jinja2 import TemplateError, nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.parser import Parser
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}`, with which some templates mark what the assistant says."""

        tags = {"generation"}  # noqa: RUF012 - as jinja2 declares it

        def parse(self, parser: Parser) -> list[nodes.Node]:
            line = next(parser.stream).lineno
            inside = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return [_told("generation_begins", line), *inside, _told("generation_ends", line)]

    def _told(name: str, line: int) -> nodes.Node:
        return nodes.Output([nodes.Name(name, "load")]).set_lineno(line)

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
