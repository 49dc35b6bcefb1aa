"""Shapes of signing in."""

from pydantic import BaseModel, Field, SecretStr

KEY_MAX_CHARS = 1_000


class SessionOut(BaseModel):
    """Whether this service wants a key, and whether the asker has shown one."""

    required: bool
    signed_in: bool


class SignIn(BaseModel):
    """One of the service's keys."""

    key: SecretStr = Field(max_length=KEY_MAX_CHARS)
