"""Chat templates of the families that people train, written anew from their published formats."""

from dataclasses import dataclass, field

_EACH = "{%- for message in messages -%}"
_END = "{%- endfor -%}"


@dataclass(frozen=True)
class Family:
    """A family's template and its control tokens."""

    template: str
    special: tuple[str, ...]
    eos: str
    bos: str | None = None
    ends_turn: str = ""
    """What ends an answer; the eos where empty."""
    has_system: bool = True
    has_tools: bool = False
    alternates: bool = False
    rewrites_past: bool = False
    config: dict[str, object] = field(default_factory=dict)

    @property
    def end(self) -> str:
        return self.ends_turn or self.eos


LLAMA3 = Family(
    template=(
        "{{- bos_token -}}" + _EACH + "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' -}}"
        '{%- if message.tool_calls -%}{{- \'{"name": "\' + message.tool_calls[0].function.name + \'", "parameters": \' '
        "+ (message.tool_calls[0].function.arguments | tojson) + '}' -}}{%- else -%}"
        "{{- message['content'] | trim -}}{%- endif -%}{{- '<|eot_id|>' -}}" + _END + "{%- if add_generation_prompt -%}"
        "{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}{%- endif -%}"
    ),
    special=("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    bos="<|begin_of_text|>",
    eos="<|end_of_text|>",
    ends_turn="<|eot_id|>",
    has_tools=True,
)

CHATML_TOOLS = Family(
    template=(
        "{%- if tools -%}{{- '<|im_start|>system\nYou may call:\n' -}}{%- for tool in tools -%}{{- tool | tojson -}}"
        "{%- endfor -%}{{- '<|im_end|>\n' -}}{%- endif -%}" + _EACH + "{{- '<|im_start|>' + message['role'] + '\n' + "
        "message['content'] -}}{%- for call in message.tool_calls or [] -%}{{- '<tool_call>\n' + "
        "(call.function | tojson) + '\n</tool_call>' -}}{%- endfor -%}{{- '<|im_end|>\n' -}}"
        + _END
        + "{%- if add_generation_prompt -%}"
        "{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
    ),
    special=("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    eos="<|im_end|>",
    has_tools=True,
)

QWEN_REASONING = Family(
    template=(
        "{%- set last = messages | length - 1 -%}" + _EACH + "{%- set content = message['content'] -%}"
        "{%- if message['role'] == 'assistant' -%}{%- set answer = content.split('</think>')[-1].lstrip('\n') -%}"
        "{%- set thought = content.split('</think>')[0].split('<think>')[-1].strip('\n') if '</think>' in content "
        "else '' -%}{{- '<|im_start|>assistant\n' -}}{%- if loop.index0 == last -%}"
        "{{- '<think>\n' + thought + '\n</think>\n\n' -}}{%- endif -%}{{- answer + '<|im_end|>\n' -}}{%- else -%}"
        "{{- '<|im_start|>' + message['role'] + '\n' + content + '<|im_end|>\n' -}}{%- endif -%}"
        + _END
        + "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
    ),
    special=("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    eos="<|im_end|>",
    rewrites_past=True,
)

GEMMA = Family(
    template=(
        "{{- bos_token -}}{%- if messages[0]['role'] == 'system' -%}{{- raise_exception('System is not "
        "supported') -}}"
        "{%- endif -%}" + _EACH + "{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}"
        "{{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') -}}{%- endif -%}"
        "{{- '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' "
        "+ message['content'] | trim + '<end_of_turn>\n' -}}"
        + _END
        + "{%- if add_generation_prompt -%}{{- '<start_of_turn>model\n' -}}{%- endif -%}"
    ),
    special=("<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"),
    bos="<bos>",
    eos="<eos>",
    ends_turn="<end_of_turn>",
    has_system=False,
    alternates=True,
)

MISTRAL = Family(
    template=(
        "{{- bos_token -}}{%- if messages[0]['role'] == 'system' -%}{%- set system = "
        "messages[0]['content'] + '\n\n' -%}"
        "{%- set turns = messages[1:] -%}{%- else -%}{%- set system = '' -%}{%- set turns = messages -%}{%- endif -%}"
        "{%- for message in turns -%}{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}"
        "{{- raise_exception('After the optional system message, roles must alternate') -}}{%- endif -%}"
        "{%- if message['role'] == 'user' -%}{{- '[INST] ' + (system if loop.first else '') + message['content'] + "
        "' [/INST]' -}}{%- else -%}{{- ' ' + message['content'] + eos_token -}}{%- endif -%}" + _END
    ),
    special=("<unk>", "<s>", "</s>"),
    bos="<s>",
    eos="</s>",
    alternates=True,
    config={"unk_token": "<unk>"},
)

PHI = Family(
    template=(
        _EACH
        + "{{- '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' -}}"
        + _END
        + "{%- if add_generation_prompt -%}{{- '<|assistant|>\n' -}}{%- else -%}{{- eos_token -}}{%- endif -%}"
    ),
    special=("<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
    eos="<|endoftext|>",
    ends_turn="<|end|>",
)

SMOLLM = Family(
    template=(
        "{%- if messages[0]['role'] != 'system' -%}{{- '<|im_start|>system\n' "
        "+ 'You are a helpful AI assistant<|im_end|>\n' -}}{%- endif -%}"
        + _EACH
        + "{{- '<|im_start|>' + message['role'] + '\n' -}}{%- if message['role'] == "
        "'assistant' -%}{%- generation -%}{{- message['content'] + '<|im_end|>' -}}{%- endgeneration -%}{{- '\n' -}}"
        "{%- else -%}{{- message['content'] + '<|im_end|>\n' -}}{%- endif -%}"
        + _END
        + "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
    ),
    special=("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    bos="<|im_start|>",
    eos="<|im_end|>",
)

ZEPHYR = Family(
    template=(
        _EACH
        + "{{- '<|' + message['role'] + '|>\n' + message['content'] + eos_token + '\n' -}}"
        + _END
        + "{%- if add_generation_prompt -%}{{- '<|assistant|>\n' -}}{%- endif -%}"
    ),
    special=("<unk>", "<s>", "</s>"),
    bos="<s>",
    eos="</s>",
    config={"unk_token": "<unk>"},
)

DEEPSEEK = Family(
    template=(
        "{{- bos_token -}}" + _EACH + "{%- if message['role'] == 'system' -%}{{- message['content'] -}}"
        "{%- elif message['role'] == 'user' -%}{{- '<USER>' + message['content'] -}}{%- else -%}"
        "{{- '<ASSISTANT>' + message['content'].split('</think>')[-1] + eos_token -}}{%- endif -%}"
        + _END
        + "{%- if add_generation_prompt -%}{{- '<ASSISTANT>' -}}{%- endif -%}"
    )
    .replace("<USER>", "<\uff5cUser\uff5c>")
    .replace("<ASSISTANT>", "<\uff5cAssistant\uff5c>"),
    special=(
        "<\uff5cbegin\u2581of\u2581sentence\uff5c>",
        "<\uff5cend\u2581of\u2581sentence\uff5c>",
        "<\uff5cUser\uff5c>",
        "<\uff5cAssistant\uff5c>",
    ),
    bos="<\uff5cbegin\u2581of\u2581sentence\uff5c>",
    eos="<\uff5cend\u2581of\u2581sentence\uff5c>",
)

GRANITE = Family(
    template=(
        _EACH + "{{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content'] "
        "+ '<|end_of_text|>\n' -}}"
        + _END
        + "{%- if add_generation_prompt -%}{{- '<|start_of_role|>assistant<|end_of_role|>' -}}{%- endif -%}"
    ),
    special=("<|end_of_text|>", "<|start_of_role|>", "<|end_of_role|>"),
    eos="<|end_of_text|>",
)

FAMILIES = {
    "llama3": LLAMA3,
    "chatml": CHATML_TOOLS,
    "qwen_reasoning": QWEN_REASONING,
    "gemma": GEMMA,
    "mistral": MISTRAL,
    "phi": PHI,
    "smollm": SMOLLM,
    "zephyr": ZEPHYR,
    "deepseek": DEEPSEEK,
    "granite": GRANITE,
}
