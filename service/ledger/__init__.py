"""The ledger in the service's PostgreSQL database, for workers on several hosts."""
