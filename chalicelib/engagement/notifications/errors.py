"""What can be wrong with templates and messages."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError, problem


class TemplateNotFound(ApiError):
    status = 404
    code = "TEMPLATE_NOT_FOUND"
    message = "There is no such template"


class TemplateInvalid(ApiError):
    status = 422
    code = "TEMPLATE_INVALID"
    message = "The template cannot be used as it is"


class TemplateUnknownVariable(ApiError):
    status = 422
    code = "TEMPLATE_UNKNOWN_VARIABLE"
    message = "The template names a variable that it is never given"


class MessageNotFound(ApiError):
    status = 404
    code = "MESSAGE_NOT_FOUND"
    message = "There is no such message"


class MessageNotResendable(ApiError):
    status = 409
    code = "MESSAGE_NOT_RESENDABLE"
    message = "This message cannot be sent again"


class AddressUnverified(ApiError):
    status = 409
    code = "TEST_ADDRESS_UNVERIFIED"
    message = "Test mails go to your own verified address, and yours is not verified"


class Unusable(Exception):
    """A wording that breaks a rule: ``issue`` in a word, a sentence, the ``part`` (``subject``, ``html``, ``text``) and
    the line (from 1) where that is known.
    """

    def __init__(self, issue: str, message: str, *, part: str = "html", line: int | None = None) -> None:
        super().__init__(issue)
        self.issue = issue
        self.message = message
        self.part = part
        self.line = line

    def answer(self) -> ApiError:
        """As a 422."""
        field = "body.subject" if self.part == "subject" else f"body.body.{self.part}"
        sentence = self.message if self.line is None else f"line {self.line}: {self.message}"
        kind = TemplateUnknownVariable if self.issue == "UNKNOWN_VARIABLE" else TemplateInvalid
        return kind([{**problem(field, self.issue, sentence), **({"line": self.line} if self.line else {})}])


class VariableMissing(Exception):
    """A required variable has no value (NTF-32)."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names
