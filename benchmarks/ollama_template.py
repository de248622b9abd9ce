"""Whether the templates that we write for Ollama are read by Go as we read them: by Go's own `text/template`.

    python -m benchmarks.ollama_template          needs the command `go`, and nothing of Ollama

Each trained template is turned into Ollama's, and conversations are spelled by both: by the tokenizer, and by Go from a
list of messages with `.Role` and `.Content`, which is what Ollama gives a template that ranges over `.Messages`.
Contents are compared without white space around them, which some trained templates take off. Exit code 1 where a text
differs.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from brewslm.core.data.example import Message
from brewslm.worker.answers.chat import Chat, make_chat
from brewslm.worker.export.ollama import ollama_template
from brewslm.worker.export.texts import PROBES
from brewslm.worker.failure import BadOrderError
from brewslm.worker.models import load_tokenizer
from tests.worker.test_ollama import LLAMA3, NO_SYSTEM, TALK, chat_with
from tests.worker.tiny import TEMPLATE

BUNDLED = Path(__file__).resolve().parent.parent / "src" / "brewslm" / "bundled" / "base_models" / "brewslm-tiny-v1"
HOSTILE = ("{{ .System }}", '"""', "{{- end }}{{ end }}", "`\\\"'\\n", "<|im_end|>", "a\r\nb\tc", "日本 🙂 \u202e")
CONVERSATIONS = (
    *TALK,
    *PROBES,
    *((Message("user", text), Message("assistant", text), Message("user", text)) for text in HOSTILE),
)
MARKED = TEMPLATE.replace("'<|im_start|>'", "'{' + '{\"\"\"'")
PROGRAM = """
package main

import ("bytes"; "encoding/json"; "os"; "text/template")

type Message struct { Role, Content string }

func main() {
    var asked struct { Template string; Conversations [][]Message }
    if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil { panic(err) }
    parsed := template.Must(template.New("").Option("missingkey=zero").Parse(asked.Template))
    texts := []string{}
    for _, messages := range asked.Conversations {
        var text bytes.Buffer
        if err := parsed.Execute(&text, map[string]any{"Messages": messages}); err != nil { panic(err) }
        texts = append(texts, text.String())
    }
    json.NewEncoder(os.Stdout).Encode(texts)
}
"""


def main() -> int:
    """Print a row for each template."""
    num_wrong = 0
    print("| template | conversations | the same text by Go |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "main.go"
        program.write_text(PROGRAM)
        chats = {"bundled": make_chat(load_tokenizer(str(BUNDLED)), None)}
        named = {"ChatML": TEMPLATE, "Llama 3": LLAMA3, "no system turns": NO_SYSTEM, "marks of both": MARKED}
        chats |= {name: chat_with(Path(folder) / name, template) for name, template in named.items()}
        for name, chat in chats.items():
            num, num_same = compared(chat, program)
            num_wrong += num - num_same
            print(f"| {name} | {num} | {num_same} |", flush=True)
    return 1 if num_wrong else 0


def compared(chat: Chat, program: Path) -> tuple[int, int]:
    """Return how many conversations the trained template takes, and of how many Go makes the same text."""
    template = ollama_template(chat, TALK)
    assert template is not None, "it has no counterpart"
    trimmed = [[Message(one.role, one.content.strip()) for one in messages] for messages in CONVERSATIONS]
    pairs = [(messages, text) for messages in trimmed if (text := spelled(chat, messages)) is not None]
    told = [[{"Role": one.role, "Content": one.content} for one in messages] for messages, _ in pairs]
    asked = json.dumps({"Template": template, "Conversations": told})
    done = subprocess.run(
        [shutil.which("go") or "go", "run", str(program)], input=asked, capture_output=True, text=True, check=True
    )
    return len(pairs), sum(text == own for text, (_, own) in zip(json.loads(done.stdout), pairs, strict=True))


def spelled(chat: Chat, messages: Sequence[Message]) -> str | None:
    """The trained template's text; None where it takes no such conversation."""
    try:
        return chat.prompt_text(messages)
    except BadOrderError:
        return None


if __name__ == "__main__":
    sys.exit(main())
