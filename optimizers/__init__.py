"""The alignment core: evaluation, ledger, search and statistics. No web, no ORM, no tracking."""
