"""Side-by-side measurements; `benchmarks/README.md` says what is measured and how to read it."""
