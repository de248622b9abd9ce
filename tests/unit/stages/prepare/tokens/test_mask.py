"""The mask: the assistant's words and the token that ends its turn, token for token as transformers has them."""

from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.sources.bundled import BASE_MODELS_FOLDER
from brewslm.core.data.example import Example, Message, Shape
from brewslm.core.errors import BaseModelError
from brewslm.core.events.reasons import Reason
from brewslm.stages.prepare.tokens.mask import Tokenised
from brewslm.stages.prepare.tokens.tokenizer import ChatTokenizer, load_tokenizer
from tests.unit.stages.prepare.models import CHATML, write_model
from tests.unit.stages.prepare.tokens.strictly import tokenise

BUNDLED = BASE_MODELS_FOLDER / "brewslm-tiny-v1"
CHATS: list[list[dict[str, str]]] = [
    [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "the answer is yes"}],
    [
        {"role": "system", "content": "Be kind.\n\nAlways."},
        {"role": "user", "content": "grüße, 世界 🎉?"},
        {"role": "assistant", "content": "ﬁne – 🎉🎉\n\n1. naïve\n2. e\u0301"},
        {"role": "user", "content": "  and\ttabs "},
        {"role": "assistant", "content": "[im_start] is only text here? no"},
    ],
    [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}],
]


def tokenised(model: ChatTokenizer, chats: list[list[dict[str, str]]]) -> list[Tokenised]:
    return tokenise([example_of(chat, row) for row, chat in enumerate(chats)], model)


def example_of(chat: list[dict[str, str]], row: int) -> Example:
    messages = tuple(Message(role=turn["role"], content=turn["content"]) for turn in chat)  # type: ignore[arg-type]
    return Example(id=f"{row:016x}", task="chat", messages=messages, source_row=row)


def trained_texts(model: ChatTokenizer, example: Tokenised) -> list[str]:
    decode = model.tokenizer.decode
    return [decode(example.ids[start:end], skip_special_tokens=False) for start, end in example.trained]


def test_the_bundled_model_gives_what_transformers_gives() -> None:
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(BUNDLED)
    ours = load_tokenizer(BUNDLED, "chat")
    for chat, example in zip(CHATS, tokenised(ours, CHATS), strict=True):
        assert ours.template.render(chat) == theirs.apply_chat_template(chat, tokenize=False)
        assert example.ids == theirs.apply_chat_template(chat, tokenize=True, return_dict=False)
        asked = chat[:-1]
        prompt = theirs.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
        assert ours.template.render(asked, asks=True) == prompt
        ids = theirs.apply_chat_template(asked, add_generation_prompt=True, tokenize=True, return_dict=False)
        assert example.ids[: example.trained[-1][0]] == ids, "what is trained follows the prompt token for token"


def test_content_and_end_of_turn_are_trained_and_nothing_else() -> None:
    model = load_tokenizer(BUNDLED, "chat")
    for chat, example in zip(CHATS, tokenised(model, CHATS), strict=True):
        answers = [message["content"] for message in chat if message["role"] == "assistant"]
        assert trained_texts(model, example) == [f"{answer}<|im_end|>" for answer in answers]
        assert example.num_bytes == sum(len(answer.encode()) for answer in answers)
        assert example.num_trained == sum(end - start for start, end in example.trained)


def test_only_the_label_is_trained_in_classification() -> None:
    model = load_tokenizer(BUNDLED, "classification")
    example = tokenised(model, CHATS[1:2])[0]
    assert trained_texts(model, example) == ["[im_start] is only text here? no<|im_end|>"]


def make(folder: Path, template: str, shape: Shape = "chat", **config: Any) -> ChatTokenizer:
    return load_tokenizer(write_model(folder, template=template, config=config), shape)


PLAIN = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}"
    "Bot: {{ message['content'] }}{{ eos_token }}{% else %}Human: {{ message['content'] }}\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}Bot:{% endif %}"
)


def test_a_template_with_special_tokens_as_variables(tmp_path: Path) -> None:
    model = make(tmp_path, PLAIN, eos_token={"content": "<|endoftext|>", "special": True})
    example = tokenised(model, CHATS[2:])[0]
    assert (
        model.tokenizer.decode(example.ids, skip_special_tokens=False) == "<|endoftext|>Human: x\nBot: y<|endoftext|>"
    )
    assert trained_texts(model, example) == [" y<|endoftext|>"]
    assert example.num_bytes == 2


def test_an_unknown_character_after_the_turn_is_not_its_end(tmp_path: Path) -> None:
    """A line break that the vocabulary lacks becomes the unknown token, which is special too."""
    import json

    folder = write_model(tmp_path, config={"unk_token": "<unk>"})
    saved = json.loads((folder / "tokenizer.json").read_text())
    newline = saved["model"]["vocab"].pop("\u010a")
    saved["model"]["vocab"]["<unk>"] = newline
    saved["model"]["unk_token"] = "<unk>"
    saved["model"]["merges"] = [pair for pair in saved["model"]["merges"] if "\u010a" not in "".join(pair)]
    saved["added_tokens"].append({**saved["added_tokens"][0], "id": newline, "content": "<unk>"})
    (folder / "tokenizer.json").write_text(json.dumps(saved))
    model = load_tokenizer(folder, "chat")
    example = tokenised(model, CHATS[:1])[0]
    assert example.ids[-1] == newline
    assert trained_texts(model, example) == ["the answer is yes<|im_end|>"]


def test_a_template_inside_the_tokenizer_configuration(tmp_path: Path) -> None:
    folder = write_model(tmp_path, template=None, config={"chat_template": CHATML})
    named = write_model(
        tmp_path / "named",
        template=None,
        config={"chat_template": [{"name": "tool_use", "template": "x"}, {"name": "default", "template": CHATML}]},
    )
    for place in (folder, named):
        model = load_tokenizer(place, "chat")
        assert trained_texts(model, tokenised(model, CHATS[:1])[0]) == ["the answer is yes<|im_end|>"]


def test_a_template_that_marks_generations(tmp_path: Path) -> None:
    marked = CHATML.replace(
        "message['content'] ~", "'' -}}{% generation %}{{- message['content'] -}}{% endgeneration %}{{-"
    )
    marked = marked.replace("~ '' -}}", "-}}").replace("{{- '<|im_end|>", "{{- '<|im_end|>")
    model = make(tmp_path, marked)
    assert trained_texts(model, tokenised(model, CHATS[:1])[0]) == ["the answer is yes<|im_end|>"]


def test_a_template_that_rewrites_the_past_is_refused_with_its_place(tmp_path: Path) -> None:
    forgets = CHATML.replace("message['content'] ", "(message['content'] if loop.last else '...') ")
    model = make(tmp_path, forgets)
    with pytest.raises(BaseModelError, match="rewrites turn 5 of row 0"):
        tokenised(model, CHATS[1:2])


def test_a_template_that_ends_no_turn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match="does not end the assistant's turn of row 0"):
        tokenised(make(tmp_path, CHATML.replace("<|im_end|>", "")), CHATS[:1])


def test_a_template_that_refuses_a_role_says_so(tmp_path: Path) -> None:
    picky = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('No system here') }}{% endif %}"
    with pytest.raises(BaseModelError, match=r"refuses a conversation of system, user, .*: No system here"):
        tokenised(make(tmp_path, picky + CHATML), CHATS[1:2])


@pytest.mark.parametrize(
    "evil",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{{ messages[0].update({'role': 'x'}) }}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(tmp_path: Path, evil: str) -> None:
    with pytest.raises(BaseModelError, match="refuses"):
        tokenised(make(tmp_path, evil + CHATML), CHATS[:1])


def test_an_answer_of_nothing_leaves_an_empty_mask(tmp_path: Path) -> None:
    model = make(tmp_path, CHATML)
    with pytest.raises(BaseModelError, match="Row 0 leaves no token to train on") as caught:
        tokenised(model, [[{"role": "user", "content": "x"}, {"role": "assistant", "content": ""}]])
    assert caught.value.code == Reason.PREPARATION_EMPTY_MASK


def test_a_folder_without_what_is_needed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match=r"no tokenizer\.json"):
        load_tokenizer(tmp_path, "chat")
    with pytest.raises(BaseModelError, match="no chat template"):
        load_tokenizer(write_model(tmp_path / "raw", template=None), "chat")
    with pytest.raises(BaseModelError, match="cannot be compiled"):
        make(tmp_path / "broken", "{% for %}")
    (tmp_path / "raw" / "tokenizer.json").write_text("{")
    with pytest.raises(BaseModelError, match="cannot be read"):
        load_tokenizer(tmp_path / "raw", "chat")


def test_the_environment_is_set_up_as_transformers_does(tmp_path: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    template = (
        "{%- set ns = namespace(n=0) %}\n{% for message in messages %}\n    {% if loop.index > 2 %}"
        "{% break %}{% endif %}\n    {{ message | tojson }}|"
        "{{ [1, 'é<'] | tojson(indent=1) }}|{{ strftime_now('%Y') }}|{{ tools is none }}\n"
        "{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}{{ eos_token }}{{ dict(a=1) | tojson }}"
    )
    folder = write_model(tmp_path, template=template)
    ours = load_tokenizer(folder, "chat").template
    theirs = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), eos_token="<|im_end|>")
    assert ours.render(CHATS[1]) == theirs.apply_chat_template(CHATS[1], chat_template=template, tokenize=False)
