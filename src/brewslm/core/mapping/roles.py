"""How sources spell the speakers of a conversation."""

from brewslm.core.data.example import Role

CALL_NAMES = frozenset({"function_call", "function-call", "tool_call", "tool_calls", "functioncall"})
"""The assistant calls functions, and the content is the call as JSON."""

ROLE_NAMES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "context": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "customer": "user",
    "client": "user",
    "student": "user",
    "patient": "user",
    "question": "user",
    "用户": "user",
    "usuario": "user",
    "пользователь": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "chatbot": "assistant",
    "bot": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "claude": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "agent": "assistant",
    "teacher": "assistant",
    "doctor": "assistant",
    "answer": "assistant",
    "助手": "assistant",
    "asistente": "assistant",
    "ассистент": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "ipython": "tool",
    "tool_response": "tool",
    "tool_result": "tool",
    "function_response": "tool",
    "function-response": "tool",
    "function_result": "tool",
    **dict.fromkeys(CALL_NAMES, "assistant"),
}
"""Source spelling, in lower case, to ours."""

ROLE_KEYS = ("role", "from", "speaker", "author", "sender", "who")
CONTENT_KEYS = ("content", "value", "text", "message", "utterance", "body")
"""Keys of one turn, the most usual first."""
