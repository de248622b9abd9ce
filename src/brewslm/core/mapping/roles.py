"""How sources spell the speakers of a conversation."""

from brewslm.core.data.example import Role

ROLE_NAMES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "customer": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "agent": "assistant",
}
"""Source spelling, in lower case, to ours. Tools and functions are not among them: they cannot be told yet."""

ROLE_KEYS = ("role", "from", "speaker", "author")
CONTENT_KEYS = ("content", "value", "text", "message")
"""Keys of one turn, the most usual first."""
