"""One question to any endpoint that speaks OpenAI's chat completions: a server on this machine, or a service."""

import json
import urllib.error
import urllib.request

from brewslm.core.errors import AdvisorError

TIMEOUT_SECONDS = 60.0
MAX_ANSWER_BYTES = 1 << 20


class Chat:
    """A model behind an endpoint."""

    def __init__(
        self, url: str, model: str, *, key: str | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        """Ask `model` at `url`, the base of the endpoint such as `http://127.0.0.1:8080/v1`."""
        self.url, self.model = url.rstrip("/"), model
        self._key, self._timeout_seconds = key, timeout_seconds

    def answer(self, task: str, question: str, *, next_step: str) -> str:
        """Return what the model answers.

        Raises:
            AdvisorError: the endpoint cannot be reached, refuses, or answers with no chat completion.
        """
        body = {
            "model": self.model,
            "temperature": 0,
            "messages": [{"role": "system", "content": task}, {"role": "user", "content": question}],
        }
        headers = {
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {self._key}"} if self._key else {}),
        }
        request = urllib.request.Request(  # noqa: S310 - the user's own setting, checked to be http or https
            f"{self.url}/chat/completions", data=json.dumps(body).encode(), headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_seconds) as response:  # noqa: S310 - as above
                answer = json.loads(response.read(MAX_ANSWER_BYTES))
            return str(answer["choices"][0]["message"]["content"])
        except urllib.error.HTTPError as error:
            message = f"The model at {self.url} answered {error.code} {error.reason}. {next_step}"
            raise AdvisorError(message) from error
        except OSError as error:
            why = getattr(error, "reason", error)
            raise AdvisorError(f"The model at {self.url} cannot be asked: {why}. {next_step}") from error
        except (ValueError, LookupError, TypeError) as error:
            raise AdvisorError(f"What {self.url} answered is no chat completion. {next_step}") from error
