"""Blob stores for any Python program: no framework, no global configuration.

`BlobStore` is the port, `FileStore`, `MemoryStore` and `HttpStore` are drivers, `Limited`, `Hashing` and
`Prefixed` are stores around a store; `Ingest` brings bytes in from asyncio, and `build` makes
stores from configuration. A driver of one's own passes `stores.conformance.BlobStoreConformance`.
"""

from stores.addresses import AddressRules, Target, vet, without_query
from stores.base import BLOCK, BlobStat, BlobStore, Block, Health, Reader, Writer, span
from stores.errors import (
    AddressRefused,
    BlobExists,
    BlobNotFound,
    DigestMismatch,
    InvalidKey,
    RangeNotSatisfiable,
    SizeLimitExceeded,
    SizeMismatch,
    StoreError,
    StoreFull,
    StoreMisconfigured,
    StoreReadOnly,
    StoreUnavailable,
    UnknownAlgorithm,
    Unsupported,
    WriterClosed,
)
from stores.file import FileStore
from stores.hashing import Ingested, MultiHash
from stores.http import HttpStore
from stores.ingest import Ingest, gather
from stores.keys import check_key
from stores.memory import MemoryStore
from stores.passes import Observer
from stores.prefixed import Prefixed
from stores.registry import StoreConfig, build
from stores.wrappers import Hashing, HashingWriter, Limited, Wrapper, WrapperWriter

__all__ = [
    "BLOCK",
    "AddressRefused",
    "AddressRules",
    "BlobExists",
    "BlobNotFound",
    "BlobStat",
    "BlobStore",
    "Block",
    "DigestMismatch",
    "FileStore",
    "Hashing",
    "HashingWriter",
    "Health",
    "HttpStore",
    "Ingest",
    "Ingested",
    "InvalidKey",
    "Limited",
    "MemoryStore",
    "MultiHash",
    "Observer",
    "Prefixed",
    "RangeNotSatisfiable",
    "Reader",
    "SizeLimitExceeded",
    "SizeMismatch",
    "StoreConfig",
    "StoreError",
    "StoreFull",
    "StoreMisconfigured",
    "StoreReadOnly",
    "StoreUnavailable",
    "Target",
    "UnknownAlgorithm",
    "Unsupported",
    "Wrapper",
    "WrapperWriter",
    "Writer",
    "WriterClosed",
    "build",
    "check_key",
    "gather",
    "span",
    "vet",
    "without_query",
]
