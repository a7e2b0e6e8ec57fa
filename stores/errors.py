"""What a store may raise; nothing else leaves this library for a reason a caller can act on.

StoreError
├── BlobNotFound         no blob under this key
├── BlobExists           a blob is already committed under this key; blobs are never overwritten
├── InvalidKey           the key is outside the alphabet, too long, or climbs out of the store
├── RangeNotSatisfiable  the range begins beyond the end, or is negative
├── SizeLimitExceeded    more bytes than the limit allows
├── SizeMismatch         the bytes are fewer or more than announced
├── DigestMismatch       the bytes are not the ones announced
├── UnknownAlgorithm     no such hash on this machine, or one without a fixed length
├── WriterClosed         the writer was already committed, aborted or failed
├── Unsupported          the store lacks this power; ask its capability flags first
├── StoreFull            no space or quota left
├── StoreReadOnly        the store, or this process's rights in it, allow reading only
├── AddressRefused       the address is none that this process may fetch from
├── StoreUnavailable     the store does not answer as it should; trying later may help
└── StoreMisconfigured   the configuration names no store, or not with these options

Every class has a `code` of its own that callers may rely on, and every error carries `facts`.
"""

from typing import ClassVar

from stores.overriding import override


class StoreError(Exception):
    """The root: `message` for people, `facts` (store, key, limit, …) for programs."""

    code: ClassVar[str] = "store_error"

    def __init__(self, message: str, /, **facts: object) -> None:
        """Keep the message as the only positional argument, so that errors pickle."""
        super().__init__(message)
        self.message = message
        self.facts = facts

    @override
    def __str__(self) -> str:
        """Show the message, then the facts that are known."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.message} ({shown})" if shown else self.message


class BlobNotFound(StoreError):
    """No blob lies under this key."""

    code = "blob_not_found"


class BlobExists(StoreError):
    """A blob is already committed under this key."""

    code = "blob_exists"


class InvalidKey(StoreError):
    """The key can name no blob."""

    code = "invalid_key"


class RangeNotSatisfiable(StoreError):
    """The range begins beyond the end of the blob, or is negative."""

    code = "range_not_satisfiable"


class SizeLimitExceeded(StoreError):
    """More bytes were written than the limit allows."""

    code = "size_limit_exceeded"


class SizeMismatch(StoreError):
    """The number of bytes is not the one announced."""

    code = "size_mismatch"


class DigestMismatch(StoreError):
    """A digest of the bytes is not the one announced."""

    code = "digest_mismatch"


class UnknownAlgorithm(StoreError):
    """The hash is not available here, or has no fixed length."""

    code = "unknown_algorithm"


class WriterClosed(StoreError):
    """The writer takes nothing more: it was committed, aborted, or a write failed."""

    code = "writer_closed"


class Unsupported(StoreError):
    """The store lacks this power."""

    code = "unsupported"


class StoreFull(StoreError):
    """No space or quota is left."""

    code = "store_full"


class StoreReadOnly(StoreError):
    """Only reading is allowed here."""

    code = "store_read_only"


class AddressRefused(StoreError):
    """The address is malformed, or none that this process may fetch from; `reason` says why."""

    code = "address_refused"


class StoreUnavailable(StoreError):
    """The store does not answer as it should."""

    code = "store_unavailable"


class StoreMisconfigured(StoreError):
    """The configuration names no store, or not with these options."""

    code = "store_misconfigured"
