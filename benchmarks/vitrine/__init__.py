"""Vitrine as the harness runs it: `manage.py serve` in the production profile, on the database server of both."""
