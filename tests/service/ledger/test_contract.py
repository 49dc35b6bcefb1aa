"""The ledger in PostgreSQL keeps to what every ledger keeps to."""

from optimizers.testing import AccountsContract, LanesContract, LedgerContract


class TestDatabaseLedger(LedgerContract):
    """Answers and claims."""


class TestDatabaseAccounts(AccountsContract):
    """Accounts."""


class TestDatabaseLanes(LanesContract):
    """Provider limits."""
