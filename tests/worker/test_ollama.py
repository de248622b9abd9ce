"""The template that Ollama gets spells conversations as the trained one does, or there is none."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from brewslm.core.data.example import Message
from brewslm.worker.answers.chat import Chat, make_chat
from brewslm.worker.export.ollama import ollama_template
from brewslm.worker.models import load_tokenizer
from tests.worker.llama_families import write_merging_tokenizer
from tests.worker.tiny import TEMPLATE

LLAMA3 = (
    "{{- bos_token }}{%- for m in messages %}{{- '<|start|>' + m['role'] + '<|end|>\\n\\n' + m['content'] | trim + "
    "'<|eot|>' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|start|>assistant<|end|>\\n\\n' }}{%- endif %}"
)
NO_SYSTEM = (
    "{%- if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{%- endif %}{%- for m in messages %}"
    "{{- '<turn>' + ('model' if m['role'] == 'assistant' else 'user') + '\\n' + m['content'] + '</turn>\\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<turn>model\\n' }}{%- endif %}"
)
SYSTEM_INSIDE = (
    "{%- for m in messages %}{%- if m['role'] == 'user' %}[INST] {% if loop.index > 1 and loop.last %}!{% endif %}"
    "{{ m['content'] }} [/INST]{%- else %} {{ m['content'] }}</s>{%- endif %}{%- endfor %}"
)
TALK = (
    (Message("user", "hello"),),
    (Message("user", "one\n\ntwo"), Message("assistant", "{{ three }}"), Message("user", "four")),
)


def chat_with(folder: Path, template: str) -> Chat:
    write_merging_tokenizer(folder, template=template)
    return make_chat(load_tokenizer(str(folder)), None)


def rendered(template: str, messages: Sequence[Message]) -> str:
    """What Go's text/template makes of the few words that are used."""
    start, turns, asks = re.fullmatch(
        r"(.*?)\{\{ range \.Messages \}\}(.*)\{\{ end \}\}\{\{ end \}\}(.*)", template, re.DOTALL
    ).groups()
    branches = re.findall(r'\{\{ (?:else )?if eq \.Role "(\w+)" \}\}(.*?)(?=\{\{ else if|\Z)', turns, re.DOTALL)
    by_role = dict(branches)
    text = start
    for message in messages:
        text += by_role[message.role].replace("{{ .Content }}", message.content)
    return re.sub(r'\{\{ "(.*?)" \}\}', lambda found: found[1].replace('\\"', '"'), text + asks)


@pytest.mark.parametrize("template", [TEMPLATE, LLAMA3, NO_SYSTEM], ids=["chatml", "llama3", "no_system"])
def test_it_spells_what_the_trained_template_spells(template: str, tmp_path: Path) -> None:
    chat = chat_with(tmp_path, template)
    made = ollama_template(chat, TALK)
    assert made is not None
    assert [rendered(made, messages) for messages in TALK] == [chat.prompt_text(messages) for messages in TALK]
    system = (Message("system", "be brief"), *TALK[0])
    if template != NO_SYSTEM:
        assert rendered(made, system) == chat.prompt_text(system)
    else:
        assert "system" not in made


def test_a_template_that_looks_at_where_a_turn_is_has_no_counterpart(tmp_path: Path) -> None:
    assert ollama_template(chat_with(tmp_path, SYSTEM_INSIDE), TALK) is None


def test_marks_of_both_languages_in_a_template_stay_text(tmp_path: Path) -> None:
    template = TEMPLATE.replace("'<|im_start|>'", "'{' + '{\"\"\"'")
    chat = chat_with(tmp_path, template)
    made = ollama_template(chat, TALK)
    assert made is not None
    assert '"""' not in made
    assert rendered(made, TALK[0]) == chat.prompt_text(TALK[0])
