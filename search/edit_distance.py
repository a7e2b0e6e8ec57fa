"""How many slips of the keyboard lie between two words: letters left out, added, changed, or swapped with their
neighbour.
"""

SHORTEST, SHORT = 3, 4
"""Letters of a word that may be misspelt at all, and of one in which a single slip may be."""


def most(word: str) -> int:
    """How many slips may be in a word of this length."""
    return 1 if len(word) <= SHORT else 2


def distance(one: str, other: str) -> int:
    """Damerau and Levenshtein's: how many slips make one text the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
