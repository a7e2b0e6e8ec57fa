"""SQL made of pieces of Django: statements made once, rows compared, branches of a list merged, and both backends."""
