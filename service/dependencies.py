"""What endpoints ask for, by name."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlmodel import Session

from service.db import transaction
from service.settings import Settings

READING_METHODS = frozenset({"GET", "HEAD"})


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def _session(request: Request) -> Iterator[Session]:
    """One transaction a request. It begins with the first statement and commits once, after the
    endpoint has returned and before the response is sent; an error leaves no trace of it."""
    with transaction(_engine(request), read_only=request.method in READING_METHODS) as session:
        yield session


SettingsDep = Annotated[Settings, Depends(_settings)]
EngineDep = Annotated[Engine, Depends(_engine)]
SessionDep = Annotated[Session, Depends(_session, scope="function")]
