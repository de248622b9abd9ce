"""All writers of own text with their weights, and the one function that runs them."""

import random
from collections.abc import Callable

from pretrain.documents import Document, seeded
from pretrain.own_text import arithmetic, chatter, knowledge, letters, service, stories, tasks

Writer = Callable[[random.Random], str]

WRITERS: tuple[tuple[Writer, int], ...] = (
    (knowledge.animal_facts, 2),
    (knowledge.animal_question, 4),
    (knowledge.animal_comparison, 2),
    (knowledge.country_facts, 2),
    (knowledge.country_question, 4),
    (knowledge.definition, 4),
    (knowledge.reversed_definition, 2),
    (knowledge.glossary, 2),
    (knowledge.general_question, 5),
    (knowledge.several_questions, 2),
    (arithmetic.calculation, 4),
    (arithmetic.table_of_sums, 1),
    (arithmetic.comparison, 2),
    (arithmetic.sharing_problem, 3),
    (arithmetic.price_problem, 3),
    (arithmetic.counting, 1),
    (arithmetic.shopping_total, 2),
    (arithmetic.duration, 1),
    (letters.email, 5),
    (letters.email_request, 5),
    (letters.email_reading, 5),
    (service.service_conversation, 9),
    (service.message_sorting, 3),
    (service.clause, 6),
    (service.agreement, 2),
    (service.how_to, 6),
    (chatter.small_talk, 7),
    (chatter.mixed_conversation, 4),
    (chatter.two_sides, 3),
    (chatter.overheard_talk, 5),
    (chatter.introduction, 5),
    (tasks.naming, 3),
    (tasks.sorting, 3),
    (tasks.odd_one_out, 2),
    (tasks.correction, 2),
    (tasks.word_meaning, 2),
    (tasks.mood_of_text, 3),
    (tasks.extraction, 5),
    (tasks.record_as_json, 2),
    (tasks.letter_case, 2),
    (stories.story, 9),
    (stories.diary, 4),
    (stories.description, 4),
    (stories.forecast, 3),
    (stories.recommendation, 2),
)


def write_documents(*, seed: int, count: int) -> list[Document]:
    """Write up to `count` different documents, the same for the same seed."""
    rng = seeded(seed)
    writers = [writer for writer, _ in WRITERS]
    weights = [weight for _, weight in WRITERS]
    texts = dict.fromkeys(writer(rng) for writer in rng.choices(writers, weights, k=count))
    return [Document("own", text) for text in texts]
