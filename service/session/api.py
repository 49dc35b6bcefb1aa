"""Signing in and out of a browser, and whether one is."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from service.session.door import COOKIE, Door
from service.session.schemas import SessionOut, SignIn
from service.session.tokens import AGE_S

router = APIRouter(prefix="/session", tags=["session"])


def _door(request: Request) -> Door:
    door: Door = request.app.state.door
    return door


DoorDep = Annotated[Door, Depends(_door)]


@router.get("")
async def get_session(request: Request, door: DoorDep) -> SessionOut:
    """Whether a key is needed, and whether this browser is signed in. It needs no key itself."""
    signed_in = not door.is_locked or door.is_signed_in(request.headers)
    return SessionOut(required=door.is_locked, signed_in=signed_in)


@router.post("", status_code=204, response_class=Response)
async def sign_in(asked: SignIn, request: Request, response: Response, door: DoorDep) -> None:
    """Show a key once, and get a cookie that stands for it for a week. Wrong keys are answered slowly."""
    if door.is_locked:
        token = await door.sign_in(asked.key.get_secret_value().strip())
        _set(response, request, token, max_age=AGE_S)


@router.delete("", status_code=204, response_class=Response)
async def sign_out(request: Request, response: Response) -> None:
    """Let this browser forget its cookie."""
    _set(response, request, "", max_age=0)


def _set(response: Response, request: Request, token: str, *, max_age: int) -> None:
    # Behind a proxy that ends TLS, only the browser knows that it came by https.
    secure = request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
    response.set_cookie(
        COOKIE, token, max_age=max_age, path="/", secure=secure, httponly=True, samesite="strict"
    )
