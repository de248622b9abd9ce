"""Writers of simple knowledge: animals, countries, definitions, questions with short answers."""

import random

from pretrain.documents import question_and_answer
from pretrain.own_text.phrasing import capitalised, with_article
from pretrain.tables import read_table

_DEFINITION_QUESTIONS = (
    "What is {}?",
    "What does the word {!r} mean?",
    "Define {!r}.",
    "Explain {} in one sentence.",
    "Can you tell me what {} is?",
)


def animal_facts(rng: random.Random) -> str:
    """Describe one animal in plain sentences, in varying order."""
    name, kind, home, food, legs, note, young = rng.choice(read_table("animals", num_columns=7))
    subject = with_article(name)
    sentences = [
        f"{capitalised(subject)} is {with_article(kind)}.",
        rng.choice((f"It lives in {home}.", f"You can find it in {home}.")),
        rng.choice((f"It eats {food}.", f"Its food is {food}.")),
        rng.choice((f"The {name} has {legs}.", f"It has {legs}.")),
        f"It is {note}.",
        rng.choice((f"Its young is called {with_article(young)}.", f"A young {name} is called {with_article(young)}.")),
    ]
    rest = sentences[1:]
    rng.shuffle(rest)
    return " ".join([sentences[0], *rest[: rng.randint(2, 5)]])


def animal_question(rng: random.Random) -> str:
    """Ask one thing about an animal and answer it."""
    name, kind, home, food, legs, note, young = rng.choice(read_table("animals", num_columns=7))
    subject = with_article(name)
    pairs = (
        (f"What kind of animal is {subject}?", f"{capitalised(subject)} is {with_article(kind)}."),
        (f"Where does {subject} live?", f"{capitalised(subject)} lives in {home}."),
        (f"What does {subject} eat?", f"{capitalised(subject)} eats {food}."),
        (f"How many legs does {subject} have?", f"{capitalised(subject)} has {legs}."),
        (f"What is {subject}?", f"{capitalised(subject)} is {note}."),
        (f"What is a young {name} called?", f"A young {name} is called {with_article(young)}."),
        (f"Tell me something about the {name}.", animal_facts(rng)),
    )
    return question_and_answer(*rng.choice(pairs))


def animal_comparison(rng: random.Random) -> str:
    """Compare two animals."""
    first, second = rng.sample(read_table("animals", num_columns=7), 2)
    same = first[1] == second[1]
    kinds = (
        f"Both are {first[1]}s."
        if same
        else f"The {first[0]} is {with_article(first[1])}, and the {second[0]} is {with_article(second[1])}."
    )
    if same and first[1] in {"fish", "mollusc"}:
        kinds = f"Each of them is {with_article(first[1])}."
    answer = f"{kinds} The {first[0]} lives in {first[2]}, while the {second[0]} lives in {second[2]}."
    return question_and_answer(f"How do {with_article(first[0])} and {with_article(second[0])} differ?", answer)


def country_facts(rng: random.Random) -> str:
    """Describe one country in a few sentences."""
    name, capital, continent, language, coin = rng.choice(read_table("countries", num_columns=5))
    sentences = [
        f"The capital is {capital}.",
        f"People there speak {language}.",
        f"They pay with {coin}.",
    ]
    rng.shuffle(sentences)
    return f"{capitalised(name)} is in {continent}. {' '.join(sentences[: rng.randint(1, 3)])}"


def country_question(rng: random.Random) -> str:
    """Ask one thing about a country and answer it."""
    name, capital, continent, language, coin = rng.choice(read_table("countries", num_columns=5))
    pairs = (
        (f"What is the capital of {name}?", f"The capital of {name} is {capital}."),
        (f"Which continent is {name} in?", f"{capitalised(name)} is in {continent}."),
        (f"Which language is spoken in {name}?", f"In {name} people speak {language}."),
        (f"How do people pay in {name}?", f"In {name} people pay with {coin}."),
        (f"{capital} is the capital of which country?", f"{capital} is the capital of {name}."),
        (f"Tell me about {name}.", country_facts(rng)),
    )
    return question_and_answer(*rng.choice(pairs))


def definition(rng: random.Random) -> str:
    """Define one word, in a conversation or in a plain sentence."""
    term, meaning = rng.choice(read_table("definitions", num_columns=2))
    if rng.random() < 0.3:
        return f"{capitalised(with_article(term))} is {meaning}."
    prompt = rng.choice(_DEFINITION_QUESTIONS)
    question = prompt.format(term if "!r" in prompt else with_article(term))
    return question_and_answer(question, f"{capitalised(with_article(term))} is {meaning}.")


def reversed_definition(rng: random.Random) -> str:
    """Give a meaning and ask for the word."""
    term, meaning = rng.choice(read_table("definitions", num_columns=2))
    question = rng.choice(("Which word means {}?", "What do we call {}?", "Find the word: {}."))
    return question_and_answer(question.format(meaning), f"{capitalised(with_article(term))}.")


def glossary(rng: random.Random) -> str:
    """List several definitions, as a reference page does."""
    rows = sorted(rng.sample(read_table("definitions", num_columns=2), rng.randint(4, 9)))
    return "Glossary\n\n" + "\n".join(f"{capitalised(term)}: {meaning}." for term, meaning in rows)


def general_question(rng: random.Random) -> str:
    """Answer one general question, now and then with a polite frame."""
    question, answer = rng.choice(read_table("qa", num_columns=2))
    frame = rng.random()
    if frame < 0.15:
        question = f"I have a question. {question}"
    elif frame < 0.3:
        question = f"{question} Please answer briefly."
        answer = answer.split(". ")[0].rstrip(".") + "."
    elif frame < 0.4:
        return f"Question: {question}\nAnswer: {answer}"
    return question_and_answer(question, answer)


def several_questions(rng: random.Random) -> str:
    """Put two or three questions and answers into one plain list."""
    rows = rng.sample(read_table("qa", num_columns=2), rng.randint(2, 3))
    return "\n\n".join(f"Q: {q}\nA: {a}" for q, a in rows)
