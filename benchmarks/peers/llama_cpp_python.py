"""Answers questions about one GGUF file by `llama_cpp.Llama`, a JSON object a line: `llama_cpp_python.py FILE N_CTX`.

Run by the interpreter of llama-cpp-python's environment. The text and tokens of a conversation are taken where its own
chat handler hands them to its own completion.
"""

import json
import sys

import llama_cpp
import numpy as np


class _HeardError(Exception):
    """The prompt has been taken."""


class Asked:
    """One loaded file."""

    def __init__(self, path, num_places):
        # As great a batch as the context, so that every place has its logits.
        sizes = {"n_ctx": num_places, "n_batch": num_places, "n_threads": 1, "n_threads_batch": 1}
        self.llama = llama_cpp.Llama(model_path=path, logits_all=True, verbose=False, **sizes)

    def about(self):
        return {"version": llama_cpp.__version__, "chat_format": self.llama.chat_format}

    def chat(self, messages):
        """The text and the tokens that its chat handler makes."""
        texts, prompts = [], []
        tokenize = self.llama.tokenize

        def listen(text, *args, **options):
            texts.append(text.decode())
            return tokenize(text, *args, **options)

        def take(prompt, **_):
            prompts.append(prompt)
            raise _HeardError

        self.llama.tokenize, self.llama.create_completion = listen, take
        try:
            self.llama.create_chat_completion(messages)
        except _HeardError:
            pass
        finally:
            del self.llama.tokenize, self.llama.create_completion
        return {"text": texts[0], "tokens": prompts[0]}

    def tokens(self, text):
        return self.llama.tokenize(text.encode(), add_bos=False, special=True)

    def ends(self, token):
        vocabulary = llama_cpp.llama_model_get_vocab(self.llama.model)
        return bool(llama_cpp.llama_vocab_is_eog(vocabulary, token))

    def losses(self, tokens, places):
        """Of the tokens at these places, each by all before it, nats."""
        self.llama.reset()
        self.llama.eval(tokens)
        logits = self.llama.scores[: len(tokens)].astype(np.float64)
        top = logits.max(axis=-1, keepdims=True)
        told = logits - top - np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))
        return [-float(told[place - 1, tokens[place]]) for place in places]

    def answer(self, prompt, stops, max_new_tokens):
        """Greedy, up to and with the first of `stops`."""
        found = []
        for token in self.llama.generate(prompt, temp=0.0):
            found.append(int(token))
            if token in stops or len(found) == max_new_tokens:
                break
        return found


if __name__ == "__main__":
    asked = Asked(sys.argv[1], int(sys.argv[2]))
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(getattr(asked, question.pop("ask"))(**question)), flush=True)
