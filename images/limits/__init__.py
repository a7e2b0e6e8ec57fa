"""How much a project may have: limits from one of several sources, usage from the rows, and the refusal of more."""
