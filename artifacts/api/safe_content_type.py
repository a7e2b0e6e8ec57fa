"""Stored bytes on their way to a browser: to be saved, whatever their owner says they are, and never to be run."""

OCTETS = "application/octet-stream"
HEADERS = {
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""A browser that opens the address saves the bytes; one that shows them all the same runs nothing in them."""

KEPT = frozenset(
    {
        OCTETS,
        "application/gzip",
        "application/json",
        "application/toml",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/x-7z-compressed",
        "application/x-bzip2",
        "application/x-gzip",
        "application/x-iso9660-image",
        "application/x-qemu-disk",
        "application/x-tar",
        "application/x-xz",
        "application/x-yaml",
        "application/yaml",
        "application/zip",
        "application/zstd",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/csv",
        "text/markdown",
        "text/plain",
        "text/x-yaml",
        "text/yaml",
    }
)
"""Types in which browsers run nothing, and which programs may want to be told."""


def for_browsers(content_type: str) -> str:
    """The stored content type without its parameters; that of plain bytes for any that is not known to be harmless."""
    found = content_type.partition(";")[0].strip().lower()
    return found if found in KEPT else OCTETS
