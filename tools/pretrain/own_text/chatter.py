"""Writers of small talk, opinions with two sides, and talks between people."""

import random

from pretrain.documents import Turn, question_and_answer, render_chat
from pretrain.own_text.phrasing import capitalised, clock_time, listed, with_article, word, words
from pretrain.tables import read_table

_ASSISTANT_RULES = (
    "You are a friendly assistant.",
    "You are a helpful assistant. Answer briefly.",
    "You are a kind teacher.",
    "Answer in plain English.",
    "You are a careful assistant. If you do not know something, say so.",
    "You help people with everyday questions.",
)


def small_talk(rng: random.Random) -> str:
    """Write one to four exchanges of small talk, some under a system message."""
    turns = [Turn("system", rng.choice(_ASSISTANT_RULES))] if rng.random() < 0.3 else []
    for said, answer in rng.sample(read_table("small_talk", num_columns=2), rng.randint(1, 4)):
        turns += [Turn("user", said), Turn("assistant", answer)]
    return render_chat(turns)


def mixed_conversation(rng: random.Random) -> str:
    """Begin with small talk and go on to a few real questions."""
    turns = [Turn("system", rng.choice(_ASSISTANT_RULES))] if rng.random() < 0.4 else []
    rows = [
        rng.choice(read_table("small_talk", num_columns=2)),
        *rng.sample(read_table("qa", num_columns=2), rng.randint(1, 2)),
    ]
    term, meaning = rng.choice(read_table("definitions", num_columns=2))
    rows.append((f"And what is {with_article(term)}?", f"{capitalised(with_article(term))} is {meaning}."))
    for said, answer in rows:
        turns += [Turn("user", said), Turn("assistant", answer)]
    return render_chat(turns)


def two_sides(rng: random.Random) -> str:
    """Name what speaks for and against something."""
    topic, good, bad = rng.choice(read_table("opinions", num_columns=3))
    question, answer = rng.choice(
        (
            (f"What are the advantages and disadvantages of {topic}?", f"Advantages: {good}\nDisadvantages: {bad}"),
            (f"What speaks for {topic}?", good),
            (f"What speaks against {topic}?", bad),
            (
                f"What do you think about {topic}?",
                f"There are two sides. {good} On the other hand, {bad[0].lower()}{bad[1:]}",
            ),
            (f"Is {topic} a good idea?", f"It depends. {good} But {bad[0].lower()}{bad[1:]}"),
        )
    )
    return question_and_answer(question, answer)


def overheard_talk(rng: random.Random) -> str:
    """Write a talk between two people as a play does, with a plan that they agree on."""
    first, second = words(rng, "given_name", 2)
    place, other = words(rng, "place", 2)
    day, time, vehicle = word(rng, "weekday"), clock_time(rng), word(rng, "vehicle")
    lines = [
        (first, rng.choice((f"Are you free on {day}?", f"What are you doing on {day}?", f"Shall we meet on {day}?"))),
        (
            second,
            rng.choice(
                (
                    f"I think so. I only have {word(rng, 'hobby')} in the morning.",
                    "Yes, I have no plans yet.",
                    "Yes, gladly.",
                )
            ),
        ),
        (
            first,
            rng.choice(
                (f"Then let us go to the {place}.", f"I would like to see the {place}.", f"How about the {place}?")
            ),
        ),
    ]
    if rng.random() < 0.5:
        lines += [
            (second, f"I was at the {place} last week. Could we go to the {other} instead?"),
            (first, f"Fine, the {other} then."),
        ]
        place = other
    lines += [
        (second, rng.choice((f"Good. Shall we take the {vehicle}?", f"Good idea. I can come by {vehicle}."))),
        (first, f"Yes. We meet at {time}."),
    ]
    talk = "\n".join(f"{name}: {line}" for name, line in lines)
    if rng.random() < 0.4:
        return talk
    question, answer = rng.choice(
        (
            ("Where do they go?", f"They go to the {place}."),
            ("When do they meet?", f"They meet on {day} at {time}."),
            ("Who is talking?", f"{first} and {second} are talking."),
            (
                "Sum up this talk in one sentence.",
                f"{first} and {second} agree to go to the {place} on {day} at {time}.",
            ),
        )
    )
    return question_and_answer(f"{question}\n\n{talk}", answer)


def introduction(rng: random.Random) -> str:
    """Let somebody introduce themselves, and ask about it."""
    name, city, job = word(rng, "given_name"), word(rng, "city"), word(rng, "job")
    hobbies = words(rng, "hobby", rng.randint(1, 3))
    colour, pet, age = word(rng, "colour"), rng.choice(("dog", "cat", "parrot", "rabbit")), rng.randint(18, 80)
    text = " ".join(
        (
            f"My name is {name}.",
            rng.choice((f"I live in {city}.", f"I come from {city}.")),
            rng.choice((f"I work as {with_article(job)}.", f"I am {with_article(job)}.")),
            f"I am {age} years old.",
            f"In my free time I like {listed(hobbies)}.",
            rng.choice((f"I have a {pet}.", f"My favourite colour is {colour}.")),
        )
    )
    if rng.random() < 0.3:
        return text
    question, answer = rng.choice(
        (
            ("What is my job?", f"You are {with_article(job)}."),
            ("Where do I live?", f"You live in {city}."),
            ("What is my name?", f"Your name is {name}."),
            ("How old am I?", f"You are {age} years old."),
            ("What do I like?", f"You like {listed(hobbies)}."),
        )
    )
    if rng.random() < 0.5:
        reply = rng.choice((f"Nice to meet you, {name}.", f"Hello {name}! How can I help you?", f"Welcome, {name}."))
        return render_chat(
            (Turn("user", text), Turn("assistant", reply), Turn("user", question), Turn("assistant", answer))
        )
    return question_and_answer(f"{text} {question}", answer)
