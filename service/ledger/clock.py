"""The database's clock in plain SQL: the one that all workers share."""

CLOCK = "EXTRACT(EPOCH FROM clock_timestamp())::double precision"
"""POSIX seconds at the moment of the statement (`now()` is when the transaction began)."""
