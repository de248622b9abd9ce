"""Instructions about the form of an answer, each with a check that needs no judge."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instruction:
    """A prompt, and whether an answer does what it says."""

    prompt: str
    is_followed: Callable[[str], bool]


def _is(*accepted: str) -> Callable[[str], bool]:
    return lambda answer: answer.strip().strip("\"'.!").lower() in accepted


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda answer: re.fullmatch(pattern, answer.strip(), re.DOTALL) is not None


def _is_object_with(*names: str) -> Callable[[str], bool]:
    def is_followed(answer: str) -> bool:
        try:
            value = json.loads(answer)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and set(value) == set(names)

    return is_followed


def _has_words(least: int, most: int) -> Callable[[str], bool]:
    return lambda answer: least <= len(answer.split()) <= most


INSTRUCTIONS: tuple[Instruction, ...] = (
    Instruction("Answer with one word, yes or no: is ice colder than steam?", _is("yes")),
    Instruction("Answer with one word, yes or no: do fish live on the moon?", _is("no")),
    Instruction("Reply with the single word: ready", _is("ready")),
    Instruction("Repeat this word and nothing else: harbour", _is("harbour")),
    Instruction("What comes after Tuesday? Answer with one word.", _is("wednesday")),
    Instruction("How many days has a week? Answer with a number in digits only.", _is("7")),
    Instruction("What is 2 + 3? Answer with digits only.", _is("5")),
    Instruction("What is 10 - 4? Answer with digits only.", _is("6")),
    Instruction("Name one colour. Answer with a single word.", _has_words(1, 1)),
    Instruction("Name one animal. Answer with a single word.", _has_words(1, 1)),
    Instruction("Describe rain in at most ten words.", _has_words(1, 10)),
    Instruction("Say something kind in at most five words.", _has_words(1, 5)),
    Instruction("Write the word stone in capital letters only.", _matches(r"STONE\.?")),
    Instruction("Write the letters a, b and c with commas between them, and nothing else.", _matches(r"a, ?b, ?c\.?")),
    Instruction("Write the numbers from 1 to 3, each on its own line, and nothing else.", _matches(r"1\s*\n2\s*\n3")),
    Instruction("Answer only with JSON: an object with the key name and any text.", _is_object_with("name")),
    Instruction("Answer only with JSON: an object with the keys city and country.", _is_object_with("city", "country")),
    Instruction("Answer only with an empty JSON object.", _is_object_with()),
    Instruction("List three fruits as a list with dashes, and nothing else.", _matches(r"(?:- [^\n]+\s*){3}")),
    Instruction("Ask me one question. It must end with a question mark.", _matches(r"[^\n]+\?")),
    Instruction("Which of these is a city: Paris, spoon? Answer with one word.", _is("paris")),
    Instruction("Which of these can fly: bird, table? Answer with one word.", _is("bird")),
    Instruction("Is 9 larger than 4? Answer true or false, in lower case.", _is("true")),
    Instruction("Put the word in quotation marks and write nothing else: tea", _matches(r"[\"“']tea[\"”']\.?")),
)
