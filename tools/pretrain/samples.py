"""Greedy samples of the exported model for the card, taken as they come."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from pretrain.documents import END_OF_TURN, START_OF_TURN, Turn, render_chat

_PROMPTS = (
    "What is the capital of Italy?",
    "Write a short e-mail to Tom about the meeting on Friday.",
    "Why do birds sing in the morning?",
)
_MAX_NEW_TOKENS = 120

Sample = dict[str, str | bool]


def generate_samples(model_folder: Path) -> list[Sample]:
    """Answer three fixed prompts greedily in fp32 and say whether each answer ended its turn by itself."""
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32).eval()
    end_of_turn = tokenizer.convert_tokens_to_ids(END_OF_TURN)
    samples: list[Sample] = []
    for prompt in _PROMPTS:
        text = f"{render_chat((Turn('user', prompt),))}{START_OF_TURN}assistant\n"
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        mask = torch.ones_like(ids)
        output = model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=_MAX_NEW_TOKENS)
        new = output[0, ids.shape[1] :]
        answer = str(tokenizer.decode(new, skip_special_tokens=True))
        samples.append({"prompt": prompt, "answer": answer, "has_ended_its_turn": bool(new[-1] == end_of_turn)})
    return samples
