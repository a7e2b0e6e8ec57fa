"""The parts of `scripts/services`; they need the standard library only."""
