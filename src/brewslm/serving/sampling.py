"""Choosing the next token of one answer. What else is in the batch has no part in it."""

from collections import Counter
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen, as the OpenAI API spells it."""

    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: dict[int, float] = field(default_factory=dict)
    num_top_logprobs: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen token. Log-probabilities are the model's own, before temperature and penalties, in nats."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


class Sampler:
    """Chooses the tokens of one answer, from a random stream of its own."""

    def __init__(self, sampling: Sampling) -> None:
        """Begin; without a seed every answer is another one."""
        self._sampling = sampling
        self._counts: Counter[int] = Counter()
        self._random = torch.Generator(device="cpu")
        if sampling.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(sampling.seed % 2**63)

    def choose(self, logits: Tensor) -> Choice:
        """Choose by the logits of the next token, [vocabulary], float32 on the CPU."""
        sampling = self._sampling
        own = torch.log_softmax(logits, dim=-1)
        scores = self._adjusted(logits)
        if sampling.temperature == 0.0:
            token = int(scores.argmax())
        else:
            token = self._drawn(torch.softmax(scores / sampling.temperature, dim=-1))
        self._counts[token] += 1
        top: tuple[tuple[int, float], ...] = ()
        if sampling.num_top_logprobs:
            values, tokens = own.topk(min(sampling.num_top_logprobs, len(own)))
            top = tuple(zip(map(int, tokens), map(float, values), strict=True))
        return Choice(token, float(own[token]), top)

    def _adjusted(self, logits: Tensor) -> Tensor:
        sampling = self._sampling
        is_plain = not (sampling.presence_penalty or sampling.frequency_penalty)
        if not sampling.logit_bias and (is_plain or not self._counts):
            return logits
        scores = logits.clone()
        for token, bias in sampling.logit_bias.items():
            scores[token] += bias
        for token, count in self._counts.items():
            scores[token] -= sampling.presence_penalty + sampling.frequency_penalty * count
        return scores

    def _drawn(self, shares: Tensor) -> int:
        """Draw from the fewest likeliest tokens that hold `top_p` (Holtzman et al. 2020, section 3.1)."""
        if self._sampling.top_p >= 1.0:
            return int(torch.multinomial(shares, 1, generator=self._random))
        ordered, tokens = shares.sort(descending=True)
        before = ordered.cumsum(0) - ordered
        kept = ordered * (before < self._sampling.top_p)
        kept[0] = ordered[0]
        return int(tokens[torch.multinomial(kept, 1, generator=self._random)])
