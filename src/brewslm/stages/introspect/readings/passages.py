"""Readings as texts without questions: plain texts, and documents."""

from collections.abc import Iterator

from brewslm.core.artifacts.schema import ColumnMap
from brewslm.stages.introspect.names import NONE, STRONG, is_document_metadata, matters, name_evidence
from brewslm.stages.introspect.view import Candidate, View

DOCUMENT_CHARACTERS = 4000
"""Texts of at least this median length are documents, that are to be cut."""
DOCUMENT_FORMATS = frozenset({"text", "markdown", "html", "docx", "pdf"})
ONLY, BESIDE, MARKED = 0.9, 0.5, 0.7
"""What the only column that says something is worth without a name; what is left beside others, or with marks."""


def propose_passages(view: View) -> Iterator[Candidate]:
    """Yield the reading of the only column that says something as plain text, or as documents."""
    texts = [p for p in view.texts if not is_document_metadata(p.name) or len(view.texts) == 1]
    texts = [p for p in texts if not matters(p.name, "plain_text") or name_evidence(p.name, "passage.text") > NONE]
    if not texts:
        return
    best = max(texts, key=lambda p: (name_evidence(p.name, "passage.text"), view.manner(p.name).length))
    named = name_evidence(best.name, "passage.text")
    columns = ColumnMap(text=best.name)
    others = [name for name in view.left_out(columns) if not is_document_metadata(name)]
    evidence = (STRONG if named == STRONG else max(named, ONLY)) * (BESIDE if others else 1.0)
    is_document = view.format in DOCUMENT_FORMATS or view.manner(best.name).length >= DOCUMENT_CHARACTERS
    notes = [f"{best.name!r} as text{', by its name' if named > NONE else ''}"]
    if best.name in view.with_marks:
        evidence *= MARKED
        notes.append("speakers' marks in it")
    if others:
        notes.append(f"leaves out {', '.join(map(repr, others[:5]))}")
    rest = 0.75
    yield Candidate("documents", columns, evidence * (1.0 if is_document else rest), tuple(notes))
    yield Candidate("plain_text", columns, evidence * (rest if is_document else 1.0), tuple(notes))
