"""Writers of e-mails, notes and invitations."""

import random

from pretrain.documents import question_and_answer
from pretrain.own_text.phrasing import capitalised, clock_time, date, listed, money, person, word, words

_GREETINGS = ("Dear {},", "Hello {},", "Hi {},", "Good morning {},")
_CLOSINGS = ("Best regards,", "Kind regards,", "Best wishes,", "Many thanks,", "Yours sincerely,", "See you soon,")


def _bodies(rng: random.Random) -> tuple[str, str]:
    """Invent what a letter is about: a subject and two or three sentences."""
    event, day, when, place = word(rng, "event"), date(rng), clock_time(rng), word(rng, "place")
    company, thing = word(rng, "company"), word(rng, "object")
    bodies = (
        (
            f"Change of time for {event}",
            (
                f"I am writing to let you know that {event} will now begin at {when} on {day}. "
                f"We will still meet at the {place}. Please tell me by {word(rng, 'weekday')} whether you can come."
            ),
        ),
        (
            f"Invitation to {event}",
            (
                f"We would be happy to see you at {event} on {day}. It starts at {when} at the {place}. "
                f"There will be {listed(words(rng, 'drink', 2))}, and you are welcome to bring a friend."
            ),
        ),
        (
            "Question about my invoice",
            (
                f"On {day} I received an invoice from {company} for {money(rng)}. I think the amount is too high, "
                f"because I ordered only {rng.randint(2, 9)} {thing}. Could you please check it and send me a new one?"
            ),
        ),
        (
            "Thank you for your help",
            (
                f"Thank you very much for helping me with {event}. The guests enjoyed the "
                f"{word(rng, 'dish').removeprefix('a ').removeprefix('an ')} and the music. I hope that "
                f"I can return the favour soon."
            ),
        ),
        (
            "I am ill today",
            (
                f"I am sorry, but I am ill and cannot come to {event} today. I have sent my notes to "
                f"{word(rng, 'given_name')}. I hope to be back on {word(rng, 'weekday')}."
            ),
        ),
        (
            "Looking for a room",
            (
                f"I am looking for a room in {word(rng, 'city')} from {day}. I am a quiet person and work as a "
                f"{word(rng, 'job')}. I can pay up to {money(rng)} a month. May I visit you on {word(rng, 'weekday')}?"
            ),
        ),
        (
            "Lost property",
            (
                f"On {day} I left a {word(rng, 'colour')} bag in the {place}. There were {thing} and a "
                f"pair of gloves in it. "
                "Has anyone found it? I would be very grateful for an answer."
            ),
        ),
        (
            "Notes from our meeting",
            (
                f"Here are the main points of {event}. First, {word(rng, 'given_name')} will order the {thing}. "
                f"Second, {word(rng, 'given_name')} will book the {place} for {day}. Third, we meet "
                f"again at {when} on {word(rng, 'weekday')}."
            ),
        ),
        (
            "Application",
            (
                f"I would like to apply for the post of {word(rng, 'job')} at {company}. I have worked in this "
                f"field for {rng.randint(2, 15)} years and enjoy working in a {word(rng, 'group')}. "
                f"I could begin on {day}."
            ),
        ),
        (
            "News from us",
            (
                f"We moved to {word(rng, 'city')} in {word(rng, 'month')}. The new flat is small but "
                f"{word(rng, 'adjective')}, and there is "
                f"a {place} nearby. {word(rng, 'given_name')} has taken up {word(rng, 'hobby')}. Come "
                f"and visit us in the {word(rng, 'season')}!"
            ),
        ),
    )
    return rng.choice(bodies)


def email(rng: random.Random) -> str:
    """Write one e-mail as plain text."""
    subject, body = _bodies(rng)
    head = f"Subject: {subject}\n\n" if rng.random() < 0.7 else ""
    greeting = rng.choice(_GREETINGS).format(word(rng, "given_name"))
    return f"{head}{greeting}\n\n{body}\n\n{rng.choice(_CLOSINGS)}\n{person(rng)}"


def email_request(rng: random.Random) -> str:
    """Ask for an e-mail and write it."""
    subject, body = _bodies(rng)
    reader, writer = words(rng, "given_name", 2)
    prompt = rng.choice(
        (
            "Write an e-mail with the subject {!r} to {}. Sign it as {}.",
            "Please draft a short e-mail about {!r} to {} from {}.",
            "I need an e-mail. Subject: {!r}. Reader: {}. Writer: {}.",
        )
    )
    text = (
        f"Subject: {subject}\n\n{rng.choice(_GREETINGS).format(reader)}\n\n{body}\n\n{rng.choice(_CLOSINGS)}\n{writer}"
    )
    return question_and_answer(prompt.format(subject, reader, writer), text)


def email_reading(rng: random.Random) -> str:
    """Give an e-mail and ask for its subject or writer."""
    subject, body = _bodies(rng)
    writer = person(rng)
    text = f"Hello,\n\n{body}\n\n{rng.choice(_CLOSINGS)}\n{writer}"
    pairs = (
        ("Find a subject line for this e-mail.", capitalised(subject)),
        ("Who wrote this e-mail?", f"{writer} wrote it."),
        ("Summarise this message in one sentence.", f"{writer} writes about this: {subject}."),
    )
    prompt, answer = rng.choice(pairs)
    return question_and_answer(f"{prompt}\n\n{text}", answer)
