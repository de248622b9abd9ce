"""Talking with the user's code while its training runs: calls go out, questions are answered, errors are told."""

import threading
from collections import Counter
from collections.abc import Callable

from brewslm.core.brew.ports import UserCode
from brewslm.core.brew.talk import Answers, Call, CallbackDone, CancelAsked, PromptsAsked
from brewslm.core.errors import BrewError, ConflictError, UserCodeError
from brewslm.core.ids import JobId
from brewslm.core.job import Job
from brewslm.services.brewing.answers import CheckpointAnswers
from brewslm.services.brewing.feed import Feed
from brewslm.services.jobs.queue import Jobs

Say = Callable[[str], None]


class Conversation:
    """One run's. `look` is to be called again and again; it never blocks."""

    def __init__(self, code: UserCode, feed: Feed, answers: CheckpointAnswers, jobs: Jobs, tell: Say) -> None:
        """Begin it; `tell` takes lines for the user, each the error of a callback."""
        self._code = code
        self._feed = feed
        self._answers = answers
        self._jobs = jobs
        self._tell = tell
        self._pending: set[int] = set()
        self._errors: Counter[str] = Counter()
        self._is_over = False
        self._is_cancelled = False

    def look(self, flow_id: JobId) -> None:
        """Call back for what is new of a flow, and listen."""
        self._send(self._feed.new(flow_id))
        self.listen(flow_id)

    def end(self, job: Job) -> None:
        """Call back for the end of a run."""
        self._send(self._feed.end(job))

    @property
    def is_waiting(self) -> bool:
        """Whether callbacks are still to return."""
        return bool(self._pending) and not self._is_over

    def close(self) -> None:
        """Let go of checkpoints, and tell how often errors came again."""
        self._feed.close()
        for line, number in self._errors.items():
            if number > 1:
                self._tell(f"{line} ({number} times)")

    def _send(self, calls: list[Call]) -> None:
        for call in calls:
            if self._is_over:
                self._feed.done(call.number)
            else:
                self._pending.add(call.number)
                self._code.tell(call)

    def listen(self, job_id: JobId) -> None:
        """Take in what the user's code says; a wish to cancel is for that job."""
        if self._is_over:
            return
        try:
            words = self._code.heard()
        except UserCodeError as error:
            self._is_over = True
            self._feed.close()
            self._tell(f"{error}; the training goes on")
            return
        for word in words:
            match word:
                case CallbackDone():
                    self._take(word)
                case PromptsAsked():
                    threading.Thread(target=self._answer, args=(word,), name="answers", daemon=True).start()
                case CancelAsked():
                    self._cancel(job_id)
                case _:
                    pass  # the file is loaded once

    def _take(self, done: CallbackDone) -> None:
        self._pending.discard(done.number)
        self._feed.done(done.number)
        if done.error is not None:
            self._errors[done.error] += 1
            if self._errors[done.error] == 1:
                self._tell(f"{done.error}; the training goes on")

    def _answer(self, asked: PromptsAsked) -> None:
        training = self._feed.training
        try:
            if training is None:
                raise ConflictError("there is no training yet")
            answers = self._answers.answer(training, asked)
        except BrewError as error:
            self._code.tell(Answers(number=asked.number, error=str(error)))
        else:
            self._code.tell(Answers(number=asked.number, answers=answers))

    def _cancel(self, job_id: JobId) -> None:
        if self._is_cancelled:
            return
        self._is_cancelled = True
        try:
            self._jobs.cancel(job_id)
        except ConflictError as error:
            self._tell(f"cancel: {error}")
