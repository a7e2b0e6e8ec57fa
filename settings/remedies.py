"""What a client, or an operator, can do about each error: the last column of the reference page."""

from collections.abc import Mapping
from types import MappingProxyType

BY_STATUS: Mapping[int, str] = MappingProxyType(
    {
        400: "Correct what the message names.",
        401: "Sign in anew.",
        403: "Ask who runs the project, or an administrator, for the right or the role.",
        404: "Look whether the id is right, and whether this project may see it: hidden and absent are one answer.",
        405: "Look up the methods of the path in the API reference.",
        408: "Send it again, and faster.",
        409: "Read the thing again, and decide anew.",
        410: "It is over: make it anew.",
        411: "Send `Content-Length`, or chunks by HTTP/1.1.",
        412: "Read the thing again, and send its new `ETag`.",
        413: "Send less, or ask an administrator for a higher limit.",
        415: "Send the type, or the data, that the message asks for.",
        416: "Ask for a range that lies within the size.",
        423: "Wait for `Retry-After`, and ask for the offset.",
        429: "Wait for `Retry-After`.",
        460: "Send the same bytes again.",
        500: "Tell the operator the request's id; the log has the reason.",
        503: "Wait for `Retry-After`; operators look at `/healthz/ready`.",
    }
)
"""By the status that most APIs give the error."""

BY_CODE: Mapping[str, str] = MappingProxyType(
    {
        "application_credential_not_found": "Application credentials are their user's own: ask as that user.",
        "bytes_lost": "Operators bring back the disk or the file; the log names it.",
        "delegation_forbidden": "Sign in by password, or make the credential with `--unrestricted`.",
        "digest_mismatch": "Compare the file with its digest, and send it again.",
        "format_mismatch": "Make a new image with the `disk_format` that `qemu-img info` tells.",
        "formats_missing": "Set `disk_format` and `container_format` first.",
        "global_aggregation_forbidden": "Count by an aggregation without `global`.",
        "identity_elsewhere": "Ask the Keystone that the message names.",
        "job_workers_lost": "Operators look why the worker ended; the job can be queued anew.",
        "metadata_too_large": "Take properties or tags away.",
        "no_such_property": "Use `add` for what is not there.",
        "past_restoring": "Upload it again: the bytes are gone.",
        "property_rejected": "Choose a value that the namespace allows; the message names the rule.",
        "protected": "Take the protection away first (`openstack image set --unprotected`).",
        "query_too_costly": "Narrow the part that is named: fewer patterns, or a filter beside them.",
        "rebuild_running": "Wait for it; `vitrine_search_outstanding` tells how far it is.",
        "search_index_missing": "Operators start the relay, which makes it.",
        "search_name_taken": "Operators ask `manage.py verify_index` what lies there.",
        "sign_in_failed": "Check user, domain and password; administrators see whether the user is enabled.",
        "single_store": "Leave the store out: there is only one.",
        "too_many_application_credentials": "Delete some that nobody uses.",
        "tus_version": "Send `Tus-Resumable: 1.0.0`.",
        "unsafe_image": "Convert the disk to one that stands alone: `qemu-img convert -O qcow2`.",
        "upload_offset_mismatch": "Ask for the offset by `HEAD`, and go on from there.",
        "upload_session_exists": "Go on with the open session, or delete it.",
        "wrong_scope": "Sign in to a project.",
    }
)
"""Where more can be said than the status does."""


def remedy(code: str, status: int) -> str:
    """One sentence."""
    return BY_CODE.get(code) or BY_STATUS[status]
