"""Tables of the ledger that workers on several hosts share. A SQLite database leaves them empty: there the
ledger is a file of its own."""

from sqlalchemy import BigInteger, Column, Double, Text
from sqlmodel import Field, SQLModel

from service.datasets.tables import BIG_SERIAL


def _count() -> Column[int]:
    return Column(BigInteger, nullable=False)


def _moment() -> Column[float]:
    """POSIX seconds."""
    return Column(Double, nullable=False)


class AnswerRow(SQLModel, table=True):
    """A paid answer, under its request's key."""

    __tablename__ = "concord_ledger_answers"

    key: str = Field(primary_key=True, max_length=64)
    model: str = Field(sa_column=Column(Text, nullable=False))
    api_base: str | None = Field(default=None, sa_column=Column(Text))
    answer: str = Field(sa_column=Column(Text, nullable=False))
    created_at: float = Field(sa_column=_moment())


class LedgerClaimRow(SQLModel, table=True):
    """Who may ask a question, and until when on the database's clock."""

    __tablename__ = "concord_ledger_claims"

    key: str = Field(primary_key=True, max_length=64)
    holder: str = Field(max_length=64)
    expires_at: float = Field(sa_column=_moment())


class AccountRow(SQLModel, table=True):
    """What an account has paid, open reservations included."""

    __tablename__ = "concord_ledger_accounts"

    account: str = Field(primary_key=True, max_length=128)
    calls: int = Field(sa_column=_count())
    prompt_tokens: int = Field(sa_column=_count())
    completion_tokens: int = Field(sa_column=_count())
    cost_pico: int = Field(sa_column=_count())
    """Picodollars."""
    unpriced_calls: int = Field(sa_column=_count())


class ReservationRow(SQLModel, table=True):
    """The most that a call can take, which was stored before the call left."""

    __tablename__ = "concord_ledger_reservations"

    id: int | None = Field(default=None, sa_column=Column(BIG_SERIAL, primary_key=True))
    account: str = Field(max_length=128)
    prompt_tokens: int = Field(sa_column=_count())
    completion_tokens: int = Field(sa_column=_count())
    cost_pico: int | None = Field(default=None, sa_column=Column(BigInteger))


class LaneRow(SQLModel, table=True):
    """How far a provider's limits are booked: two theoretical arrival times, and the last admission."""

    __tablename__ = "concord_provider_lanes"

    lane: str = Field(primary_key=True, max_length=512)
    requests_until: float = Field(sa_column=_moment())
    tokens_until: float = Field(sa_column=_moment())
    admitted_at: float = Field(sa_column=_moment())


class UseRow(SQLModel, table=True):
    """Who used an answer last when: so that it can go when nobody is left who did."""

    __tablename__ = "concord_ledger_uses"

    account: str = Field(primary_key=True, max_length=128)
    key: str = Field(primary_key=True, max_length=64, index=True)
    used_at: float = Field(sa_column=_moment())
