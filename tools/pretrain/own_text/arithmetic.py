"""Writers of arithmetic: sums, comparisons, small word problems, times and units."""

import random

from pretrain.documents import question_and_answer
from pretrain.own_text.phrasing import listed, number_word, word, words


def calculation(rng: random.Random) -> str:
    """Ask for one sum, difference, product or quotient."""
    kind = rng.choice(("plus", "minus", "times", "divided by"))
    a, b = rng.randint(1, rng.choice((10, 20, 100))), rng.randint(1, rng.choice((10, 20, 100)))
    if kind == "minus":
        a, b = max(a, b), min(a, b)
    elif kind == "times":
        a, b = rng.randint(1, 12), rng.randint(1, 12)
    elif kind == "divided by":
        b = rng.randint(1, 12)
        a = b * rng.randint(1, 12)
    result = {"plus": a + b, "minus": a - b, "times": a * b, "divided by": a // b}[kind]
    sign = {"plus": "+", "minus": "-", "times": "*", "divided by": "/"}[kind]
    style = rng.random()
    if style < 0.25:
        return f"{a} {sign} {b} = {result}"
    question = rng.choice((f"What is {a} {kind} {b}?", f"Calculate {a} {sign} {b}.", f"How much is {a} {kind} {b}?"))
    answer = rng.choice((f"{a} {kind} {b} is {result}.", f"{result}", f"The answer is {result}."))
    return question_and_answer(question, answer)


def table_of_sums(rng: random.Random) -> str:
    """Write a short times table or a row of additions."""
    base = rng.randint(2, 20)
    if rng.random() < 0.5:
        return "\n".join(f"{n} x {base} = {n * base}" for n in range(1, rng.randint(6, 13)))
    return "\n".join(f"{base} + {n} = {base + n}" for n in range(1, rng.randint(6, 13)))


def comparison(rng: random.Random) -> str:
    """Ask which of two numbers is larger, or for the order of several."""
    numbers = rng.sample(range(1, 200), rng.randint(2, 5))
    if len(numbers) == 2:
        answer = f"{max(numbers)} is larger than {min(numbers)}."
        return question_and_answer(f"Which is larger, {numbers[0]} or {numbers[1]}?", answer)
    asked = ", ".join(map(str, numbers))
    return question_and_answer(
        f"Sort these numbers from small to large: {asked}.", ", ".join(map(str, sorted(numbers)))
    )


def sharing_problem(rng: random.Random) -> str:
    """Tell and solve a word problem about getting and giving things."""
    name, friend = words(rng, "given_name", 2)
    thing = word(rng, "object")
    start, more = rng.randint(4, 40), rng.randint(2, 30)
    given = rng.randint(1, start + more - 1)
    left = start + more - given
    question = (
        f"{name} has {start} {thing} and gets {more} more. Then {name} gives {given} {thing} to {friend}. "
        f"How many {thing} does {name} have now?"
    )
    answer = (
        f"First {name} has {start} + {more} = {start + more} {thing}. After giving {given} away, "
        f"{name} has {start + more} - {given} = {left} {thing}. The answer is {left}."
    )
    return question_and_answer(question, answer)


def price_problem(rng: random.Random) -> str:
    """Tell and solve a word problem about buying."""
    name, thing = word(rng, "given_name"), word(rng, "object")
    price, count = rng.randint(2, 12), rng.randint(2, 12)
    total = price * count
    paid = total + rng.randint(1, 20)
    question = (
        f"{name} buys {count} {thing} for {price} dollars each and pays with {paid} dollars. "
        f"How much change does {name} get?"
    )
    answer = (
        f"The {thing} cost {count} * {price} = {total} dollars. "
        f"The change is {paid} - {total} = {paid - total} dollars. The answer is {paid - total}."
    )
    return question_and_answer(question, answer)


def counting(rng: random.Random) -> str:
    """Count up or down in digits or words."""
    start, step = rng.randint(1, 40), rng.choice((1, 1, 2, 5, 10))
    numbers = [n for n in range(start, start + 10 * step, step) if n < 100]
    if rng.random() < 0.3:
        numbers.reverse()
    spoken = rng.random() < 0.4
    row = ", ".join(number_word(n) if spoken else str(n) for n in numbers)
    if rng.random() < 0.5:
        return row
    return question_and_answer(f"Continue the row: {', '.join(row.split(', ')[:3])}", row)


def shopping_total(rng: random.Random) -> str:
    """Add up a small bill line by line."""
    items = words(rng, "grocery", rng.randint(2, 4))
    prices = [rng.randint(1, 9) for _ in items]
    bill = "\n".join(f"{item}: {price}" for item, price in zip(items, prices, strict=True))
    steps = " + ".join(map(str, prices))
    return question_and_answer(
        f"Add up this bill.\n{bill}", f"{steps} = {sum(prices)}. The total for {listed(items)} is {sum(prices)}."
    )


def duration(rng: random.Random) -> str:
    """Ask when something ends that starts at a full hour."""
    start, hours = rng.randint(6, 15), rng.randint(1, 7)
    vehicle = word(rng, "vehicle")
    question = f"The {vehicle} leaves at {start}:00 and the trip takes {number_word(hours)} hours. When does it arrive?"
    return question_and_answer(question, f"It arrives at {start + hours}:00.")
