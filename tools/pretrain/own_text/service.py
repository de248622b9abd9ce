"""Writers of talks with the staff of invented organisations (no shop among them), of rules and of how-tos."""

import random

from pretrain.documents import Turn, question_and_answer, render_chat
from pretrain.own_text.phrasing import clock_time, date, listed, money, word, words
from pretrain.tables import read_table

_BOOKS = (
    "The Quiet Harbour",
    "A Winter Garden",
    "Seven Letters",
    "The Clockmaker",
    "North of the River",
    "Bread and Salt",
)
_LOST = ("umbrella", "jacket", "laptop", "scarf", "rucksack", "phone", "hat")
_OPENINGS = ("Hello.", "Good morning.", "Good afternoon.", "Hi there.", "Hello, I need some help.", "Excuse me.")
_ANSWERS = ("Hello! How can I help you?", "Good day. What can I do for you?", "Welcome. How may I help?")
_THANKS = (
    "Thank you very much.",
    "Thanks, that helps.",
    "Great, thank you.",
    "That is all, thanks.",
    "Perfect. Goodbye.",
)
_FAREWELLS = (
    "You are welcome. Have a nice day!",
    "Gladly. Goodbye!",
    "My pleasure. Is there anything else?",
    "You are welcome.",
)


def _fill(rng: random.Random, *texts: str) -> list[str]:
    """Fill the gaps of several texts with the same invented details."""
    months = words(rng, "month", 2)
    gaps: dict[str, object] = {
        "book": rng.choice(_BOOKS),
        "lost": rng.choice(_LOST),
        "date": date(rng),
        "money": money(rng),
        "weekday": word(rng, "weekday"),
        "hour": rng.choice(("five", "six", "seven", "eight")),
        "small": rng.randint(2, 9),
        "weeks": rng.choice(("two", "three", "four")),
        "time": clock_time(rng),
        "minutes": rng.randint(2, 9) * 5,
        "city": word(rng, "city"),
        "street": word(rng, "street"),
        "name": rng.choice(("Anna", "Clara", "Ella", "Nina", "Rosa", "Sofia")),
        "place": rng.choice(("hall", "workshop", "boathouse", "studio", "kitchen")),
        "thing": rng.choice(("boat", "tent", "piano", "projector", "bicycle", "trailer", "costume")),
        "days": rng.choice((3, 5, 7, 10, 14, 21, 30)),
        "count": rng.randint(2, 24),
        "hours": rng.choice((2, 3, 4, 12, 24, 48)),
        "percent": rng.randint(2, 9),
        "season": word(rng, "season"),
        "month": months[0],
        "month2": months[1],
    }
    return [text.format(**gaps) for text in texts]


def service_conversation(rng: random.Random) -> str:
    """Write a conversation of one to three questions with one organisation."""
    rows = read_table("organisations", num_columns=3)
    kind = rng.choice(rows)[0]
    own_rows = [row for row in rows if row[0] == kind]
    turns: list[Turn] = []
    if rng.random() < 0.4:
        company = word(rng, "company")
        manner = rng.choice(
            ("Be polite and brief.", "Answer in one or two sentences.", "Be friendly.", "Help the customer.")
        )
        turns.append(
            Turn(
                "system",
                rng.choice(
                    (
                        f"You answer questions for {company}. {manner}",
                        f"You work at the desk of {company}. {manner}",
                        f"You are a helpful assistant. {manner}",
                    )
                ),
            )
        )
    if rng.random() < 0.3:
        turns += [Turn("user", rng.choice(_OPENINGS)), Turn("assistant", rng.choice(_ANSWERS))]
    for _, question, answer in rng.sample(own_rows, rng.randint(1, min(3, len(own_rows)))):
        asked, said = _fill(rng, question, answer)
        turns += [Turn("user", asked), Turn("assistant", said)]
    if rng.random() < 0.3:
        turns += [Turn("user", rng.choice(_THANKS)), Turn("assistant", rng.choice(_FAREWELLS))]
    return render_chat(turns)


def message_sorting(rng: random.Random) -> str:
    """Give a message and ask which desk it belongs to."""
    rows = read_table("organisations", num_columns=3)
    kind, question, _ = rng.choice(rows)
    others = sorted({row[0] for row in rows} - {kind})
    choices = [*rng.sample(others, 3), kind]
    rng.shuffle(choices)
    (asked,) = _fill(rng, question)
    prompt = f"Which desk should answer this message: {listed(choices, conjunction='or')}?\n\nMessage: {asked}"
    return question_and_answer(prompt, kind)


def clause(rng: random.Random) -> str:
    """Write one clause and its meaning in plain words."""
    formal, plain = _fill(rng, *rng.choice(read_table("clauses", num_columns=2)))
    style = rng.random()
    if style < 0.2:
        return f"Rule: {formal}\nIn plain words: {plain}"
    prompt = rng.choice(
        (
            "Put this rule into plain words.",
            "What does this sentence mean?",
            "Say this more simply:",
            "Explain this rule to me.",
        )
    )
    return question_and_answer(f"{prompt}\n\n{formal}", plain)


def agreement(rng: random.Random) -> str:
    """Write several numbered clauses, as a set of rules does."""
    rows = rng.sample(read_table("clauses", num_columns=2), rng.randint(4, 8))
    lines = [f"{number}. {_fill(rng, formal)[0]}" for number, (formal, _) in enumerate(rows, start=1)]
    return f"{rng.choice(('Rules', 'Terms of Use', 'Agreement', 'House Rules'))}\n\n" + "\n".join(lines)


def how_to(rng: random.Random) -> str:
    """Explain how to do something, step by step."""
    task, joined = rng.choice(read_table("how_to", num_columns=2))
    steps = [step.strip() for step in joined.split("|")]
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
    style = rng.random()
    if style < 0.2:
        return f"How to {task}\n\n{numbered}"
    prompt = rng.choice(
        (
            "How do I {}?",
            "Explain how to {}.",
            "Give me steps to {}.",
            "What is the best way to {}?",
            "I want to {}. What should I do?",
        )
    )
    if style < 0.5:
        return question_and_answer(prompt.format(task), " ".join(steps))
    if style < 0.65:
        number = rng.randrange(len(steps) - 1)
        return question_and_answer(
            f"I want to {task}. I have done this: {steps[number]} What comes next?", steps[number + 1]
        )
    return question_and_answer(prompt.format(task), numbered)
