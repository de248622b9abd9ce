"""Tokenising as most tests want it: an example that the template refuses is an error."""

from collections.abc import Sequence
from typing import Any

from brewslm.core.data.example import Example
from brewslm.stages.prepare.tokens import mask
from brewslm.stages.prepare.tokens.mask import Tokenised
from brewslm.stages.prepare.tokens.tokenizer import ChatTokenizer


def tokenise(examples: Sequence[Example], model: ChatTokenizer, **options: Any) -> list[Tokenised]:
    found = []
    for one in mask.tokenise(examples, model, **options):
        if not isinstance(one, Tokenised):
            raise one
        found.append(one)
    return found
