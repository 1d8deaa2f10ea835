"""Everything that may go wrong between an exchange and us, by what has to be done about it.

::

    ConnectorError
    ├── Retryable               nothing to do: the next run tries again
    │   ├── Unreachable
    │   ├── RateLimited
    │   └── ServiceFailing
    ├── Misconfigured           an administrator has to change a setting
    │   ├── CredentialsRefused
    │   ├── HostNotAllowed
    │   └── RedirectRefused
    ├── Refused                 the provider understood the request and says no
    └── Malformed               what came in cannot be used: quarantine it, go on with the next
        ├── TooLarge, TooDeep, ForbiddenMarkup, ArchiveRefused
        ├── BadEncoding, BrokenXml, BrokenArchive, BrokenEnvelope, BrokenMail, NotJson
        ├── UnknownMessage, NotANotification, MissingField
        └── ImplausibleDate

Each class has a stable ``code`` and a ``remedy`` that says what a person can do about it.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Base of the tree: ``str()`` says what happened, ``remedy`` what to do."""

    code = "error"
    remedy = "Report the message file to the maintainers of this module."

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.retry_after = retry_after

    def as_dict(self) -> dict[str, str]:
        """The error as plain data, for storing and for printing."""
        return {
            "kind": self.kind(),
            "code": self.code,
            "message": str(self),
            "remedy": self.remedy,
        }

    @classmethod
    def kind(cls) -> str:
        """The branch of the tree: retryable, misconfigured, refused or malformed.

        >>> RateLimited.kind(), NotJson.kind()
        ('retryable', 'malformed')
        """
        branch = next((base for base in cls.__mro__ if base in BRANCHES), cls)
        return branch.__name__.lower()


class Retryable(ConnectorError):
    code = "retryable"
    remedy = "Nothing to do: the next run tries again."


class Unreachable(Retryable):
    code = "unreachable"
    remedy = "Nothing to do unless it lasts: then check the server's network, DNS and firewall."


class RateLimited(Retryable):
    code = "rate_limited"
    remedy = "Nothing to do: the next run goes on where this one stopped."


class ServiceFailing(Retryable):
    code = "service_failing"
    remedy = "Nothing to do: the provider's service fails. Ask the provider if it lasts for hours."


class Misconfigured(ConnectorError):
    code = "misconfigured"
    remedy = "Correct the exchange account's settings."


class CredentialsRefused(Misconfigured):
    code = "credentials_refused"
    remedy = "Enter a valid user, password or API key on the exchange account, then test it."


class HostNotAllowed(Misconfigured):
    code = "host_not_allowed"
    remedy = "Choose one of the provider's known addresses on the exchange account."


class RedirectRefused(Misconfigured):
    code = "redirect_refused"
    remedy = (
        "Redirects are never followed, since they could carry the credentials elsewhere: choose "
        "the provider's current address on the exchange account."
    )


class Refused(ConnectorError):
    code = "refused"
    remedy = "Read the provider's answer; the account may lack a right or the document may be gone."


class Malformed(ConnectorError):
    code = "malformed"
    remedy = "Ask the sender or provider for the original message file and import it again."


class TooLarge(Malformed):
    code = "too_large"
    remedy = "Messages of an exchange are small: check what was sent, and import the message alone."


class TooDeep(Malformed):
    code = "too_deep"
    remedy = "No exchange nests its messages so deeply: do not import this file."


class ForbiddenMarkup(Malformed):
    code = "forbidden_markup"
    remedy = "No exchange uses a DOCTYPE or entities: treat this file as hostile, do not import it."


class ArchiveRefused(Malformed):
    code = "archive_refused"
    remedy = "Unpack the archive yourself, check it, and import the message alone."


class BadEncoding(Malformed):
    code = "bad_encoding"
    remedy = "The text is not in the encoding that it declares: get the file in its original form."


class BrokenXml(Malformed):
    code = "broken_xml"
    remedy = "The file is cut off or damaged: download it again from the exchange's portal."


class BrokenArchive(Malformed):
    code = "broken_archive"
    remedy = "The archive is damaged or encrypted: download it again from the exchange's portal."


class BrokenEnvelope(Malformed):
    code = "broken_envelope"
    remedy = "The signed envelope (.p7m) cannot be opened: download it again from the portal."


class BrokenMail(Malformed):
    code = "broken_mail"
    remedy = "The mail cannot be read: save its attachment and import that."


class NotJson(Malformed):
    code = "not_json"
    remedy = (
        "The provider answered with something else than JSON, often its maintenance page: "
        "try later, then check the address."
    )


class UnknownMessage(Malformed):
    code = "unknown_message"
    remedy = "This kind of message is not known: match it by hand, and report it."


class NotANotification(Malformed):
    code = "not_a_notification"
    remedy = "This file is no message of an exchange: import the message that came with it."


class MissingField(Malformed):
    code = "missing_field"
    remedy = "The message lacks what its specification demands: match it by hand."


class ImplausibleDate(Malformed):
    code = "implausible_date"
    remedy = "Check the clock of this server and of the sender, then apply the message by hand."


BRANCHES = (Retryable, Misconfigured, Refused, Malformed)
