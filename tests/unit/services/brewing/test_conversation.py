"""Calling the user's functions back: in order, each once, whatever they do."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brewslm.adapters.brew.code import ProcessCodeLoader
from brewslm.core.brew.talk import Answers, Call, Defined, PromptsAsked, Reply, Word
from brewslm.core.errors import ConflictError, UserCodeError, WorkerError
from brewslm.core.ids import JobId
from brewslm.services.brewing.conversation import Conversation
from tests.journeys.brew import wait_for

BREW = """\
from brewslm import create_brew, create_trainer

def on_log(event):
    print("log", event.step, flush=True)
    if event.step == 2:
        raise ValueError("hm")
    if event.step == 3:
        trainer.cancel()

def on_checkpoint(checkpoint):
    print(checkpoint.infer("a"), checkpoint.infer(["b", "c"]))

trainer = create_trainer(name="a", dataset="sample:general-chat-v1", on_log=on_log, on_checkpoint=on_checkpoint)
brew = create_brew(trainer=trainer)
"""
JOB = JobId(7)


@dataclass
class Books:
    """Stands for the journal, the jobs and the workers."""

    calls: list[Call] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    training: Any = "a training"
    is_broken: bool = False

    def new(self, _flow: JobId) -> list[Call]:
        found, self.calls = self.calls, []
        return found

    def done(self, number: int) -> None:
        self.released.append(number)

    def close(self) -> None:
        self.released.append(0)

    def cancel(self, job: JobId) -> None:
        self.cancelled.append(job)
        if len(self.cancelled) > 1:
            raise ConflictError("it has ended")

    def answer(self, _training: Any, asked: PromptsAsked) -> tuple[str, ...]:
        if self.is_broken:
            raise WorkerError("the checkpoint was pruned")
        return tuple(prompt.upper() for prompt in asked.prompts)


def log(number: int, step: int) -> Call:
    body = {"step": step, "total_steps": 9, "loss": 1.0, "learning_rate": 0.1}
    return Call(number=number, name="on_log", body=body)


def checkpoint(number: int) -> Call:
    body = {"step": 3, "eval_loss": 1.0, "is_best": True, "folder": "/x", "metrics": {}}
    return Call(number=number, name="on_checkpoint", body=body)


def talk_of(code: Any, books: Books, said: list[str]) -> Conversation:
    return Conversation(code, books, books, books, said.append)  # type: ignore[arg-type]


def test_a_real_process_is_called_in_order_and_answered(tmp_path: Path) -> None:
    file = tmp_path / "brew.py"
    file.write_text(BREW)
    books, said, printed = Books(), [], []
    with ProcessCodeLoader(environment={"PATH": "/usr/bin"}).load(file, is_printing=True) as code:
        opening = code.opening()
        assert isinstance(opening, Defined)
        assert opening.trainer.callbacks == ("on_log", "on_checkpoint")
        talk = talk_of(code, books, said)
        books.calls = [log(1, 1), log(2, 2), log(3, 2), log(4, 3), checkpoint(5)]

        def looked() -> bool:
            talk.look(JOB)
            printed.extend(code.printed())
            return not talk.is_waiting and len(printed) == 5

        wait_for(looked, "the callbacks")
        books.is_broken = True
        books.calls = [checkpoint(6)]
        wait_for(lambda: talk.look(JOB) or not talk.is_waiting, "the last callback")
        talk.close()
    assert printed == ["log 1", "log 2", "log 2", "log 3", "A ['B', 'C']"]
    assert books.released == [1, 2, 3, 4, 5, 6, 0]
    assert books.cancelled == [JOB]
    assert said == [
        "on_log: brew.py, line 6: ValueError: hm; the training goes on",
        "on_checkpoint: brew.py, line 11: the checkpoint was pruned; the training goes on",
        "on_log: brew.py, line 6: ValueError: hm (2 times)",
    ]


class Gone:
    """A process that has ended."""

    def tell(self, _reply: Reply) -> None: ...

    def heard(self) -> tuple[Word, ...]:
        raise UserCodeError("the process of brew.py has ended (signal 9); no callback runs any more")


def test_a_process_that_ended_is_told_once_and_stops_nothing() -> None:
    books, said = Books(calls=[log(1, 1)]), []
    talk = talk_of(Gone(), books, said)
    talk.look(JOB)
    books.calls = [log(2, 2)]
    talk.look(JOB)
    assert not talk.is_waiting
    assert said == [
        "the process of brew.py has ended (signal 9); no callback runs any more; the training goes on"
    ]  # fmt: skip
    assert 2 in books.released


def test_an_answer_before_there_is_a_training_is_an_error() -> None:
    replies: list[Reply] = []

    class Early(Gone):
        def tell(self, reply: Reply) -> None:
            replies.append(reply)

        def heard(self) -> tuple[Word, ...]:
            return (PromptsAsked(number=1, checkpoint="/x", prompts=("a",)),) if not replies else ()

    talk = talk_of(Early(), Books(training=None), [])
    talk.look(JOB)
    wait_for(lambda: replies, "the answer")
    assert replies == [Answers(number=1, error="there is no training yet")]
