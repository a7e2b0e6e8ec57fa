"""Glance 33, the service to measure against: installed, configured, started, and filled from here."""
