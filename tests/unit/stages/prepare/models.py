"""A base model's folder without weights: a byte-level tokenizer of a few hundred tokens, and a template of choice."""

import json
from collections.abc import Sequence
from pathlib import Path

CHATML = (
    "{%- for message in messages -%}{{- '<|im_start|>' ~ message['role'] ~ '\\n' ~ message['content'] "
    "~ '<|im_end|>\\n' -}}{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def write_model(
    folder: Path,
    *,
    template: str | None = CHATML,
    config: dict[str, object] | None = None,
    special: Sequence[str] = SPECIAL,
) -> Path:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330 + len(special) - len(SPECIAL),
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["the answer is yes and no, so say it again and again"] * 3, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings: dict[str, object] = {"eos_token": "<|im_end|>", "bos_token": "<|endoftext|>", **(config or {})}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    if template is not None:
        (folder / "chat_template.jinja").write_text(template)
    return folder
