"""What all generated pages share: their note, and text that stays text within a table."""


def note(source: str) -> str:
    """Return the comment that says where a page comes from."""
    return f"<!-- Written by tools/generate_docs.py from {source}; do not edit. -->"


def cell(text: str) -> str:
    """Return text as one cell of a table: one line, without marks that end a cell or begin a tag."""
    outside = " ".join(text.split()).replace("|", r"\|").split("`")
    outside[::2] = [part.replace("<", "&lt;").replace("*", r"\*").replace("[", r"\[") for part in outside[::2]]
    return "`".join(outside)


def row(*cells: str) -> str:
    """Return one row of a table."""
    return "| " + " | ".join(cells) + " |"


def head(*names: str) -> list[str]:
    """Return the head of a table."""
    return [row(*names), "|" + "---|" * len(names)]
