"""The outbox: deliveries of changes that consumers (the search index, notifications) still have to take in."""
