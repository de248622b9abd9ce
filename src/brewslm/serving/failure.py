"""Why a serving process does not serve, or does not answer."""


class RefusedError(Exception):
    """The model cannot be served."""

    def __init__(self, message: str, *, is_damaged: bool = False) -> None:
        """Keep the message, and whether a file does not hold what it must."""
        super().__init__(message)
        self.is_damaged = is_damaged


class BadRequestError(Exception):
    """A request cannot be honoured as it stands."""

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        """Keep what OpenAI's error object says."""
        super().__init__(message)
        self.param, self.code, self.status = param, code, status
