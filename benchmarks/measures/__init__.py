"""The measures; each takes the running services in turn and adds samples to the record."""
