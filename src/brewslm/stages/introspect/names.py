"""What names of columns suggest. A name is evidence, not proof: every reading is tried on the rows."""

import re

from brewslm.core.data.example import Shape

STRONG, WEAK, NONE = 1.0, 0.9, 0.6
"""How much a name says for a role: it is the word for it, a word near it, or says nothing."""

_WORDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "qa.prompt": (
        frozenset({"question", "questions", "q", "问题", "pregunta", "frage", "domanda", "pergunta"}),
        frozenset({"query"}),
    ),
    "qa.completion": (
        frozenset({"answer", "answers", "a", "回答", "答案", "respuesta", "antwort", "risposta", "resposta"}),
        frozenset({"response", "reply", "solution", "output", "completion"}),
    ),
    "qa.context": (frozenset({"context", "passage", "paragraph", "document", "background"}), frozenset()),
    "instruction.prompt": (frozenset({"instruction", "instructions", "指令"}), frozenset({"task", "command"})),
    "instruction.context": (frozenset({"input", "inputs", "context"}), frozenset()),
    "instruction.completion": (
        frozenset({"output", "outputs", "response", "completion", "answer", "输出"}),
        frozenset({"result", "target", "reply", "solution"}),
    ),
    "prompt_completion.prompt": (
        frozenset({"prompt", "input", "user", "query", "request", "human"}),
        frozenset({"source", "customer", "ask", "message", "msg", "inquiry"}),
    ),
    "prompt_completion.completion": (
        frozenset({"completion", "response", "output", "reply", "assistant", "bot", "target"}),
        frozenset({"answer", "generation", "generated", "gpt", "model", "agent", "chosen", "result"}),
    ),
    "classification.text": (
        frozenset({"text", "sentence", "utterance", "review", "comment", "tweet", "content"}),
        frozenset({"message", "body", "headline", "title", "description", "query", "ticket", "email", "post"}),
    ),
    "classification.label": (
        frozenset({"label", "labels", "category", "class", "intent", "sentiment", "topic"}),
        frozenset({"tag", "target", "rating", "emotion", "type", "department", "language", "stars", "score"}),
    ),
    "system": (frozenset({"system", "system_prompt", "system_message"}), frozenset()),
}
_METADATA = frozenset(
    {
        *("id", "idx", "index", "uuid", "guid", "key", "hash", "url", "link", "source", "date", "time", "timestamp"),
        *("created", "updated", "split", "lang", "language", "licence", "license", "metadata", "meta", "author"),
    }
)
_CARRIES_MEANING = frozenset({"tools", "functions", "chosen", "rejected", "image", "images", "audio", "history"})
_DESCRIBES = frozenset({"classification.text", "classification.label", "system"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+")


def name_evidence(column: str, role: str) -> float:
    """How much the name of a column says for a role such as `qa.prompt`."""
    strong, weak = _WORDS[role]
    name = column.strip().lower()
    if name in strong:
        return STRONG
    return WEAK if name in weak or words_of(column) & (strong | weak) else NONE


def matters(column: str, shape: Shape) -> bool:
    """Whether a reading as `shape` that leaves this column out loses part of what a row says.

    Beside a conversation a text column is most often a copy of one of its turns.
    """
    name = column.strip().lower()
    if name in _CARRIES_MEANING:
        return True
    return shape != "chat" and any(name in strong for role, (strong, _) in _WORDS.items() if role not in _DESCRIBES)


def is_metadata(column: str) -> bool:
    """Whether a name belongs to what describes a row, rather than to what it says."""
    return column.strip().lower() in _METADATA or bool(words_of(column) & {"id", "uuid", "url", "timestamp", "date"})


def words_of(column: str) -> frozenset[str]:
    """The words of a name in snake, kebab or camel case, in lower case."""
    return frozenset(word.lower() for word in _WORD.findall(column) if len(word) > 1)
