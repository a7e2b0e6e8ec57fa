"""Errors of the domain. They know no HTTP: each API dialect maps classes to answers.

::

    CatalogError
    ├── Invalid                the input breaks a rule                    (usually 400)
    │   ├── InvalidParameter     a query parameter
    │   ├── InvalidBody          a document that cannot be read
    │   └── InvalidPatch         a JSON Patch that cannot be read
    ├── Unauthenticated        who is calling is not known                (401)
    ├── Forbidden              known, visible, and not allowed            (403)
    │   ├── ReadOnly             a field nobody may write
    │   ├── WrongScope           a token for the system or a domain where one for a project is needed
    │   └── Protected            the thing is protected against deletion
    ├── NotFound               absent or hidden: the same answer          (404)
    ├── MethodNotAllowed       the path is known and the method is not    (405)
    ├── TimedOut               the client sent nothing for too long       (408)
    ├── Conflict               the present state does not allow it        (409)
    │   ├── Duplicate            it exists already
    │   └── ConcurrentChange     somebody else was faster
    ├── Gone                   it was deleted while being worked on       (410)
    ├── LengthRequired         nothing says where the body ends           (411)
    ├── PreconditionFailed     If-Match or If-None-Match does not hold    (412)
    ├── TooLarge               more than a limit or a quota allows        (413)
    │   ├── LimitExceeded        of what a project may have
    │   ├── MetadataTooLarge     of what may be said of one thing
    │   └── TooMany              in one request
    ├── UnsupportedMediaType   a content type nobody reads here           (415)
    ├── RangeNotSatisfiable    the bytes asked for do not exist           (416)
    ├── TooManyAttempts        slowed down on purpose                     (429)
    └── Unavailable            a part behind the catalog does not answer  (503)

Every class has a stable ``code`` that clients may rely on; ``facts`` carry what the message speaks of.
"""

from typing import Any, ClassVar


def first_line(error: BaseException) -> str:
    """What an error of a driver says: the lines that follow are its statement, its hints and its links."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def recorded(text: str) -> str:
    """What a row keeps of an error's text: 4000 characters at most, without those that a database refuses."""
    kept = text[:4000].replace("\0", "\ufffd")
    return kept.encode(errors="replace").decode()


class CatalogError(Exception):
    """Something the caller should know about, in a sentence for people."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class Invalid(CatalogError):
    code = "invalid"


class InvalidParameter(Invalid):
    code = "invalid_parameter"


class InvalidBody(Invalid):
    code = "invalid_body"


class InvalidPatch(Invalid):
    code = "invalid_patch"


class Unauthenticated(CatalogError):
    code = "unauthenticated"


class Forbidden(CatalogError):
    code = "forbidden"


class ReadOnly(Forbidden):
    code = "read_only"


class WrongScope(Forbidden):
    code = "wrong_scope"


class Protected(Forbidden):
    code = "protected"


class NotFound(CatalogError):
    code = "not_found"


class MethodNotAllowed(CatalogError):
    code = "method_not_allowed"


class TimedOut(CatalogError):
    code = "timed_out"


class Conflict(CatalogError):
    code = "conflict"


class Duplicate(Conflict):
    code = "duplicate"


class ConcurrentChange(Conflict):
    code = "concurrent_change"


class Gone(CatalogError):
    code = "gone"


class LengthRequired(CatalogError):
    code = "length_required"


class PreconditionFailed(CatalogError):
    code = "precondition_failed"


class TooLarge(CatalogError):
    code = "too_large"


class LimitExceeded(TooLarge):
    """The project would have more of a resource than its limit allows."""

    code = "limit_exceeded"


class MetadataTooLarge(TooLarge):
    """What is said of one thing would take more bytes than it may."""

    code = "metadata_too_large"


class TooMany(TooLarge):
    """A request names more of something than one request may; it was counted before anything else was done."""

    code = "too_many"


def at_most(most: int, asked: int, what: str) -> None:
    """TooMany when a request names more than `most` of `what`; negative: any number."""
    if 0 <= most < asked:
        raise TooMany(
            f"one request may name at most {most} {what}, not {asked}",
            resource=what,
            limit=most,
            asked=asked,
        )


class UnsupportedMediaType(CatalogError):
    code = "unsupported_media_type"


class RangeNotSatisfiable(CatalogError):
    code = "range_not_satisfiable"


class TooManyAttempts(CatalogError):
    code = "too_many_attempts"


class Unavailable(CatalogError):
    code = "unavailable"
