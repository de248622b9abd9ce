"""Writers of longer running text: little stories, diaries, descriptions, notices of the day."""

import random

from pretrain.documents import question_and_answer
from pretrain.own_text.phrasing import clock_time, listed, with_article, word, words
from pretrain.tables import read_table

_PROBLEMS = (
    ("lost the key to the {place}", "looked under every {furniture}", "found it in the pocket of an old coat"),
    ("broke a {furniture} by accident", "tried to glue it in secret", "told the truth and was forgiven"),
    ("missed the last {vehicle}", "began to walk in the dark", "met a neighbour who drove home the same way"),
    (
        "promised to bake a cake for the {group}",
        "burned the first one",
        "brought {fruit} instead, and everybody was happy",
    ),
    ("heard a strange noise in the {room}", "took a lamp and went to look", "found a {animal} that was hiding there"),
    ("wanted to win the race", "stopped to help {friend}, who had fallen", "came last but made a friend"),
    (
        "found a bag full of {object}",
        "asked everybody in {street} about it",
        "gave it back to {friend}, who was very glad",
    ),
    (
        "was afraid of speaking before the {group}",
        "practised every evening in front of the mirror",
        "spoke so well that all clapped",
    ),
    ("had a quarrel with {friend}", "could not sleep that night", "said sorry the next day, and they laughed about it"),
    (
        "planted {vegetable} behind the house",
        "forgot to water them for a week",
        "learned to be more careful and had a small harvest",
    ),
    (
        "wanted to paint the {room} {colour}",
        "spilled half of the paint",
        "decided that {colour} spots on the floor were fine too",
    ),
    ("got a letter without a name", "asked {friend} about the handwriting", "learned that it came from an old teacher"),
)
_LESSONS = (
    "It is better to ask for help than to worry alone.",
    "Patience brings more than hurry.",
    "A kind word costs nothing.",
    "Honesty makes life easier.",
    "Friends are worth more than prizes.",
    "Nobody learns without mistakes.",
)


def story(rng: random.Random) -> str:
    """Tell a little story with a beginning, an effort and an end; half of them on request."""
    name, friend = words(rng, "given_name", 2)
    animal = rng.choice(read_table("animals", num_columns=7)[:35])[0]
    gaps = {
        key: word(rng, key)
        for key in (
            "place",
            "furniture",
            "vehicle",
            "group",
            "fruit",
            "room",
            "object",
            "street",
            "vegetable",
            "colour",
        )
    }
    problem, effort, end = (part.format(**gaps, friend=friend, animal=animal) for part in rng.choice(_PROBLEMS))
    job, city, season, weather, feeling = (
        word(rng, "job"),
        word(rng, "city"),
        word(rng, "season"),
        word(rng, "weather"),
        word(rng, "feeling"),
    )
    opening = rng.choice(
        (
            f"Once there was {with_article(job)} named {name} who lived in {city}.",
            f"{name} was {with_article(job)} in {city}.",
            f"In a small house near {city} lived {name}, {with_article(job)}.",
        )
    )
    day = rng.choice(
        (
            f"One {weather} day in {season}, {name} {problem}.",
            f"On a {weather} {word(rng, 'weekday')}, {name} {problem}.",
        )
    )
    middle = rng.choice(
        (
            f"{name} felt {feeling} and {effort}.",
            f"At first {name} was {feeling}. Then {name} {effort}.",
            f"So {name} {effort}.",
        )
    )
    ending = rng.choice((f"In the end {name} {end}.", f"Finally {name} {end}.", f"A little later {name} {end}."))
    text = " ".join(part for part in (opening, day, middle, ending, rng.choice(("", rng.choice(_LESSONS)))) if part)
    if rng.random() < 0.5:
        return text
    question, answer = rng.choice(
        (
            (f"Tell me a short story about {with_article(job)}.", text),
            (f"Write a little story about {name} in {city}.", text),
            (f"Who is the story about?\n\n{text}", f"The story is about {name}, {with_article(job)} in {city}."),
            (f"How does this story end?\n\n{text}", ending),
            (f"What happened to {name}?\n\n{text}", f"{name} {problem}."),
            (f"Sum up the story in one sentence.\n\n{text}", f"{name} {problem} and in the end {end}."),
        )
    )
    return question_and_answer(question, answer)


def diary(rng: random.Random) -> str:
    """Write a page of a diary."""
    friend, place, dish = word(rng, "given_name"), word(rng, "place"), word(rng, "dish")
    events = [
        f"I met {friend} at the {place}.",
        f"We ate {dish} and talked about {word(rng, 'event')}.",
        f"I spent an hour {rng.choice(('reading', 'cooking', 'gardening', 'cycling'))}.",
        f"The {word(rng, 'vehicle')} was late again.",
        f"In the {word(rng, 'room')} I found my old {word(rng, 'object')}.",
        f"I bought {listed(words(rng, 'grocery', 3))}.",
        f"At {clock_time(rng)} I had a call with {word(rng, 'given_name')}.",
        f"I felt {word(rng, 'feeling')} for most of the day.",
    ]
    rng.shuffle(events)
    head = f"{word(rng, 'weekday')}, {rng.randint(1, 28)} {word(rng, 'month')}"
    weather, told = with_article(word(rng, "weather")), " ".join(events[: rng.randint(3, 6)])
    return f"{head}\n\nToday was {weather} day. {told} Tomorrow I want to go to the {word(rng, 'place')}."


def description(rng: random.Random) -> str:
    """Describe a room, and ask where or what something is."""
    room = word(rng, "room")
    pieces = words(rng, "furniture", 3)
    looks = [f"{word(rng, 'colour')}", word(rng, "adjective"), f"{word(rng, 'colour')}"]
    spots = rng.sample(("by the window", "next to the door", "in the corner", "in the middle", "along the wall"), 3)
    text = " ".join(
        f"{rng.choice(('There is', 'You can see'))} {with_article(f'{look} {piece}')} {spot}."
        for piece, look, spot in zip(pieces, looks, spots, strict=True)
    )
    text = f"This is the {room}. {text}"
    if rng.random() < 0.35:
        return text
    number = rng.randrange(3)
    question, answer = rng.choice(
        (
            (f"Where is the {pieces[number]}?", f"The {pieces[number]} is {spots[number]}."),
            (f"What is {spots[number]}?", f"The {pieces[number]} is {spots[number]}."),
            (f"Which colour is the {pieces[0]}?", f"The {pieces[0]} is {looks[0]}."),
            ("Which room is this?", f"This is the {room}."),
        )
    )
    return question_and_answer(f"{text} {question}", answer)


def forecast(rng: random.Random) -> str:
    """Write a weather report for a town."""
    city, today, tomorrow = word(rng, "city"), *words(rng, "weather", 2)
    high = rng.randint(-2, 33)
    low = high - rng.randint(3, 9)
    wind = rng.choice(
        ("a light wind from the west", "a strong wind from the north", "hardly any wind", "a mild wind from the south")
    )
    text = (
        f"Weather for {city}: today it is {today}, with {wind}. The temperature is between {low} and {high} degrees. "
        f"Tomorrow it is going to be {tomorrow}."
    )
    if rng.random() < 0.4:
        return text
    question, answer = rng.choice(
        (
            (f"What is the weather like in {city} today?", f"It is {today} in {city} today, with {wind}."),
            ("How warm does it get?", f"It gets up to {high} degrees."),
            ("What about tomorrow?", f"Tomorrow it is going to be {tomorrow}."),
            ("Do I need a coat?", "Yes, take a coat." if high < 15 else "No, it is warm enough."),
        )
    )
    return question_and_answer(f"{text}\n\n{question}", answer)


def recommendation(rng: random.Random) -> str:
    """Recommend something to do that fits the weather and the day."""
    weather, day = word(rng, "weather"), word(rng, "weekday")
    outdoors = weather in {"sunny", "mild", "hot", "windy", "cloudy"}
    place = rng.choice(
        ("park", "beach", "forest", "harbour") if outdoors else ("museum", "library", "theatre", "swimming pool")
    )
    reason = "the fresh air will do you good" if outdoors else "it is warm and dry there"
    question = rng.choice((f"It is {weather} on {day}. Where should I go?", f"What can I do on a {weather} {day}?"))
    opening = rng.choice(("You could", "Why not"))
    ending = "." if rng.random() < 0.3 else f", because {reason}."
    return question_and_answer(question, f"{opening} go to the {place}{ending}")
