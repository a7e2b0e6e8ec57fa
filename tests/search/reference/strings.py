"""The query strings that the questions hold, read character by character."""

from dataclasses import dataclass, field


@dataclass
class Clause:
    """`kind`: words, phrase, pattern, star, range, or group."""

    kind: str
    text: str = ""
    before: str = ""
    sign: str = ""
    name: str | None = None
    bounds: dict[str, str] = field(default_factory=dict)
    group: "Group | None" = None


@dataclass
class Group:
    clauses: list[Clause]


def read(text: str) -> Group:
    found, rest = _group(_atoms(text))
    assert not rest, rest
    return found


Atom = tuple[str, str]
"""Kind and text: `space`, `(`, `)`, `:`, `phrase`, `range`, `sign` or `chunk`; escapes are kept in the text."""


def _atoms(text: str) -> list[Atom]:
    found: list[Atom] = []
    at = 0
    while at < len(text):
        here = text[at]
        if here == " ":
            end, kind = at + 1, "space"
        elif here in "():":
            end, kind = at + 1, here
        elif here == '"':
            end, kind = text.index('"', at + 1) + 1, "phrase"
        elif here in "[{":
            end = min(i for i in (text.find("]", at), text.find("}", at)) if i > 0) + 1
            kind = "range"
        elif here in "+-!":
            end = at + 1
            kind = "chunk" if text[end : end + 1] == " " else "sign"
        else:
            end, kind = at, "chunk"
            while end < len(text) and text[end] not in ' ():"!':
                end += 2 if text[end] == "\\" else 1
        found.append((kind, text[at:end]))
        at = end
    return [one for one in found if one[0] != "space"]


def _group(atoms: list[Atom]) -> tuple[Group, list[Atom]]:
    clauses: list[Clause] = []
    while atoms and atoms[0][0] != ")":
        before = {"AND": "AND", "&&": "AND", "OR": "OR", "||": "OR"}.get(atoms[0][1], "")
        if before:
            atoms = atoms[1:]
        elif (run := _run(atoms)) > 1:
            several = " ".join(_plain(text) for _, text in atoms[:run])
            clauses.append(Clause("words", several))
            atoms = atoms[run:]
            continue
        clause, atoms = _clause(atoms)
        clause.before = before
        clauses.append(clause)
    return Group(clauses), atoms


def _run(atoms: list[Atom]) -> int:
    """How many plain words lie side by side: one before an operator or a colon is none of them."""
    count = 0
    while count < len(atoms) and _is_word(atoms[count]):
        after = atoms[count + 1] if count + 1 < len(atoms) else ("end", "")
        if after[0] == ":" or after[1] in {"AND", "OR", "&&", "||", "*"}:
            break
        count += 1
    return count


def _is_word(atom: Atom) -> bool:
    kind, text = atom
    if kind != "chunk" or text in {"AND", "OR", "NOT", "&&", "||", "+", "-", "!"}:
        return False
    return not _wild(text) and not (text[0] in "<>" and len(text) > 1)


def _clause(atoms: list[Atom]) -> tuple[Clause, list[Atom]]:
    sign, name = "", None
    if atoms[0][0] == "sign" or atoms[0][1] == "NOT":
        sign = "+" if atoms[0][1] == "+" else "-"
        atoms = atoms[1:]
    if len(atoms) > 1 and atoms[1][0] == ":":
        name = _plain(atoms[0][1])
        atoms = atoms[2:]
    kind, text = atoms[0]
    if kind == "(":
        inner, rest = _group(atoms[1:])
        return Clause("group", group=inner, sign=sign, name=name), rest[1:]
    found = _leaf(kind, text)
    found.sign, found.name = sign, name
    return found, atoms[1:]


def _leaf(kind: str, text: str) -> Clause:
    if kind == "phrase":
        return Clause("phrase", text[1:-1])
    if kind == "range":
        low, high = text[1:-1].split(" TO ")
        sides = {"gte" if text[0] == "[" else "gt": low, "lte" if text[-1] == "]" else "lt": high}
        return Clause("range", bounds={s: b.strip('"') for s, b in sides.items() if b != "*"})
    if text == "*":
        return Clause("star")
    if _wild(text):
        return Clause("pattern", text)
    for sign, side in ((">=", "gte"), ("<=", "lte"), (">", "gt"), ("<", "lt")):
        if text.startswith(sign) and len(text) > len(sign):
            return Clause("range", bounds={side: _plain(text[len(sign) :])})
    return Clause("words", _plain(text))


def _wild(text: str) -> bool:
    return any(c in "*?" and text[at - 1 : at] != "\\" for at, c in enumerate(text))


def _plain(text: str) -> str:
    found, at = "", 0
    while at < len(text):
        at += text[at] == "\\"
        if text[at] == "u" and text[at - 1 : at] == "\\":
            found += chr(int(text[at + 1 : at + 5], 16))
            at += 5
        else:
            found += text[at]
            at += 1
    return found
