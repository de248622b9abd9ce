"""Answers questions about one model by `vllm.LLM`, a JSON object a line: `vllm_model.py FOLDER N_CTX DTYPE`.

Run by the interpreter of vLLM's environment. What vLLM and its processes print goes to the error output.
"""

import json
import os
import sys

import vllm


class Asked:
    """One loaded model."""

    def __init__(self, path, num_places, dtype):
        sizes = {"max_model_len": num_places, "max_num_seqs": 1, "max_logprobs": 1}
        self.llm = vllm.LLM(model=path, dtype=dtype, enforce_eager=True, enable_prefix_caching=False, **sizes)
        self.tokenizer = self.llm.get_tokenizer()

    def about(self):
        return {"version": vllm.__version__}

    def chat(self, messages):
        """The text and the tokens that it makes of a conversation."""
        (made,) = self.llm.chat(messages, vllm.SamplingParams(max_tokens=1), use_tqdm=False)
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return {"text": made.prompt or text, "tokens": list(made.prompt_token_ids)}

    def tokens(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False)

    def ends(self, token):
        """Whether it ends an answer by what is in the folder."""
        config = self.llm.llm_engine.model_config.try_get_generation_config()
        told = config.get("eos_token_id", self.tokenizer.eos_token_id)
        return token in (told if isinstance(told, list) else [told])

    def losses(self, tokens, places):
        """Of the tokens at these places, each by all before it, nats."""
        asked = vllm.SamplingParams(max_tokens=1, prompt_logprobs=0)
        (made,) = self.llm.generate({"prompt_token_ids": tokens}, asked, use_tqdm=False)
        return [-made.prompt_logprobs[place][tokens[place]].logprob for place in places]

    def answer(self, prompt, stops, max_new_tokens):
        """Greedy, up to and with the first of `stops`."""
        asked = vllm.SamplingParams(temperature=0.0, max_tokens=max_new_tokens, stop_token_ids=stops, ignore_eos=True)
        (made,) = self.llm.generate({"prompt_token_ids": prompt}, asked, use_tqdm=False)
        return list(made.outputs[0].token_ids)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asked = Asked(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(getattr(asked, question.pop("ask"))(**question)), file=answers, flush=True)
