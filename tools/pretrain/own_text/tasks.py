"""Writers of short instructions with their results: sorting, correcting, extracting, classifying, rewriting."""

import random

from pretrain.documents import question_and_answer
from pretrain.own_text.phrasing import capitalised, clock_time, date, listed, money, person, word, words
from pretrain.tables import read_table

_LIST_KINDS = (
    "fruit",
    "vegetable",
    "grocery",
    "colour",
    "job",
    "hobby",
    "vehicle",
    "furniture",
    "drink",
    "weekday",
    "month",
    "city",
    "school_subject",
)
_KIND_NAMES = {
    "fruit": "fruits",
    "vegetable": "vegetables",
    "grocery": "things from the kitchen cupboard",
    "colour": "colours",
    "job": "jobs",
    "hobby": "hobbies",
    "vehicle": "vehicles",
    "furniture": "pieces of furniture",
    "drink": "drinks",
    "weekday": "days of the week",
    "month": "months",
    "city": "cities",
    "school_subject": "school subjects",
}


def naming(rng: random.Random) -> str:
    """Ask for some things of one kind."""
    kind = rng.choice(_LIST_KINDS)
    items = words(rng, kind, rng.randint(2, 5))
    prompt = rng.choice(
        (
            f"Name {len(items)} {_KIND_NAMES[kind]}.",
            f"List {len(items)} {_KIND_NAMES[kind]}.",
            f"Give me {len(items)} examples of {_KIND_NAMES[kind]}.",
        )
    )
    answer = rng.choice((f"{capitalised(listed(items))}.", "\n".join(f"- {item}" for item in items), ", ".join(items)))
    return question_and_answer(prompt, answer)


def sorting(rng: random.Random) -> str:
    """Ask for alphabetical order, the first or last thing, or the length of a list."""
    items = words(rng, rng.choice(_LIST_KINDS[:8]), rng.randint(3, 6))
    row = ", ".join(items)
    question, answer = rng.choice(
        (
            ("Sort these words by the alphabet", ", ".join(sorted(items))),
            ("What is the first word in this list", items[0]),
            ("What is the last word in this list", items[-1]),
            ("How many words are in this list", str(len(items))),
            ("Write this list backwards", ", ".join(reversed(items))),
            ("Write this list with one word a line", "\n".join(items)),
            ("Join this list with 'and'", listed(items)),
        )
    )
    return question_and_answer(f"{question}: {row}", answer)


def odd_one_out(rng: random.Random) -> str:
    """Ask which word does not belong."""
    kind, other = rng.sample(_LIST_KINDS[:8], 2)
    items, stranger = words(rng, kind, 3), word(rng, other)
    row = [*items, stranger]
    rng.shuffle(row)
    answer = f"{capitalised(stranger)} does not belong, because the others are {_KIND_NAMES[kind]}."
    return question_and_answer(f"Which one does not belong: {listed(row, conjunction='or')}?", answer)


def correction(rng: random.Random) -> str:
    """Ask for the correction of a sentence."""
    wrong, right = rng.choice(read_table("rewrites", num_columns=2))
    if rng.random() < 0.15:
        return question_and_answer(f"Is this sentence correct? {right}", "Yes, it is correct.")
    prompt = rng.choice(
        ("Correct this sentence: {}", "Fix the mistake. {}", "What is wrong here? {}", "Please correct my English: {}")
    )
    answer = rng.choice((right, f"It should be: {right}", f"The correct sentence is: {right}"))
    return question_and_answer(prompt.format(wrong), answer)


def word_meaning(rng: random.Random) -> str:
    """Ask for the opposite of a word or one of the same meaning."""
    term, opposite, similar = rng.choice(read_table("opposites", num_columns=3))
    question, answer = rng.choice(
        (
            (f"What is the opposite of {term!r}?", f"The opposite of '{term}' is '{opposite}'."),
            (f"Give me another word for {term!r}.", capitalised(similar)),
            (f"What is the opposite of {opposite!r}?", f"The opposite of '{opposite}' is '{term}'."),
            (f"Do {term!r} and {opposite!r} mean the same?", "No, they are opposites."),
            (f"Do {term!r} and {similar!r} mean nearly the same?", "Yes, they mean nearly the same."),
        )
    )
    return question_and_answer(question, answer)


def mood_of_text(rng: random.Random) -> str:
    """Ask whether a text is positive, negative or neutral."""
    mood, text = rng.choice(read_table("reviews", num_columns=2))
    prompt = rng.choice(
        (
            "Is this text positive, negative or neutral?",
            "What is the mood of this text?",
            "Classify the feeling: positive, negative or neutral.",
            "Label this review.",
        )
    )
    return question_and_answer(
        f"{prompt}\n\n{text}" if rng.random() < 0.6 else f"{text}\n\n{prompt}",
        rng.choice((mood, capitalised(mood), f"The text is {mood}.")),
    )


def extraction(rng: random.Random) -> str:
    """Give a short notice and ask for its details, one at a time or as fields."""
    name, event, day, time = person(rng), word(rng, "event"), date(rng), clock_time(rng)
    place, price = word(rng, "place"), money(rng)
    sentences = [
        f"{capitalised(event)} takes place on {day} at {time} in the {place}.",
        f"Tickets cost {price}.",
        f"For questions please write to {name}.",
    ]
    rng.shuffle(sentences)
    notice = " ".join(sentences)
    if rng.random() < 0.4:
        fields = f"event: {event}\ndate: {day}\ntime: {time}\nplace: {place}\nprice: {price}\ncontact: {name}"
        return question_and_answer(f"Write the details of this notice as a list.\n\n{notice}", fields)
    question, answer = rng.choice(
        (
            ("When does it take place?", f"It takes place on {day} at {time}."),
            ("Where does it take place?", f"It takes place in the {place}."),
            ("How much is a ticket?", f"A ticket costs {price}."),
            ("Whom can I ask?", f"You can write to {name}."),
            ("What is it about?", f"It is about {event}."),
        )
    )
    return question_and_answer(f"{notice}\n\n{question}", answer)


def record_as_json(rng: random.Random) -> str:
    """Turn a sentence about a person into a small JSON object."""
    name, city, job, age = word(rng, "given_name"), word(rng, "city"), word(rng, "job"), rng.randint(18, 70)
    sentence = rng.choice(
        (f"{name} is a {age}-year-old {job} from {city}.", f"{name}, {age}, lives in {city} and works as a {job}.")
    )
    record = f'{{"name": "{name}", "age": {age}, "job": "{job}", "city": "{city}"}}'
    return question_and_answer(f"Write this as JSON with the keys name, age, job and city: {sentence}", record)


def letter_case(rng: random.Random) -> str:
    """Ask for a word in capitals, its first letter, or its spelling."""
    term = rng.choice(read_table("definitions", num_columns=2))[0]
    question, answer = rng.choice(
        (
            (f"Write '{term}' in capital letters.", term.upper()),
            (f"What is the first letter of '{term}'?", term[0].upper()),
            (f"Spell '{term}'.", "-".join(term.upper())),
            (f"How many letters does '{term}' have?", f"'{term}' has {len(term)} letters."),
            (f"Repeat this word three times: {term}", f"{term} {term} {term}"),
        )
    )
    return question_and_answer(question, answer)
