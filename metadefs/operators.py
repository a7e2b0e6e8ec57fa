"""Values that begin with an operator, as schedulers read them: ``<or> kvm <or> qemu``, ``<all-in>
aes avx``, ``>= 4``.

A definition lists in `operators` which of them its values may use; a plain value needs none.
"""

KNOWN = frozenset(
    {"=", "==", "!=", ">=", "<=", ">", "<", "s==", "s!=", "s<", "s<=", "s>", "s>="}
    | {"<in>", "<or>", "<all-in>"}
)


def split(text: str) -> tuple[str | None, list[str]]:
    """The operator that `text` begins with (None: a plain value), and what it compares with."""
    first, _, rest = text.strip().partition(" ")
    if first not in KNOWN:
        return None, [text]
    if first == "<or>":
        return first, [part.strip() for part in rest.split("<or>")]
    if first == "<all-in>":
        return first, rest.split() or [""]
    return first, [rest.strip()]
