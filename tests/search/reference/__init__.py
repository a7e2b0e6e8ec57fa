"""Two references of search that share nothing with the service: a raw Elasticsearch, and plain Python.

The same questions go to both and to the engines, over the same documents. What the service means to do otherwise than
Elasticsearch is stated here, once; questions about it are not among `questions.py`:

- Scores are made of the question and the document alone, so hits are compared as sets, and by the order asked for.
- Everybody sees everything here: rights have tests of their own.
- `term`, `terms`, `range` and `sort` of a text mean its whole value, which Elasticsearch calls `name.raw`.
- `prefix` and `wildcard` of a text are folded as its words are; the last word of a phrase prefix may be any word of the
  field; a text alone as the query is free text, whose words may lie in different fields.
- A declared property with a value of another type is still found as text, and over several fields one that cannot hold
  the value is passed over.
- `*:web` and a query without fields look where free text looks, not into every field; free text knows ids by six
  letters or more.
- A `*` names no fields, weights, gaps and fuzzy words are refused, and a few texts that the classic parser refuses are
  read: `field:-5`, `a/b`, `T10:00`.
- An integer of 2^63-1 is a value as any other, where Elasticsearch sorts it among the missing.
"""
