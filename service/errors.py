"""What the service raises beside the core's errors.

::

    ServiceError
    ├── NotFound               no such dataset, example, run, ...: names the id
    ├── Conflict               the state of a resource does not allow the request
    ├── KeyReused              an Idempotency-Key came back with another request
    ├── CursorInvalid          a page cursor that this service did not issue
    ├── Unauthenticated        no API key, or a wrong one
    ├── TooManyGuesses         so many wrong keys that none is looked at
    ├── Forbidden              a Host or Origin that is not ours
    ├── TooLarge               a body, a file or a number of rows above its limit
    └── MediaUnsupported       a file or body of a kind that is not read
"""


class ServiceError(Exception):
    """Base of the errors that the service raises on purpose."""


class NotFound(ServiceError):
    """There is no `kind` (for example `dataset`) with the id `id`."""

    def __init__(self, kind: str, id: str) -> None:  # noqa: A002  # the field's name in the body
        self.kind = kind
        self.id = id
        super().__init__(f"there is no {kind} {id!r}")


class Conflict(ServiceError):
    """The state of a resource does not allow the request."""


class KeyReused(ServiceError):
    """An Idempotency-Key stands for one request; this is another."""


class CursorInvalid(ServiceError):
    """A page cursor is opaque: only values of `next` can be sent back."""


class Unauthenticated(ServiceError):
    """The request shows no API key, or a wrong one."""


class TooManyGuesses(ServiceError):
    """So many wrong API keys are waiting for their answers that no key is looked at."""


class Forbidden(ServiceError):
    """The request came by a Host or from an Origin that is not ours."""


class TooLarge(ServiceError):
    """A body, a file or a number of rows is above its limit."""


class MediaUnsupported(ServiceError):
    """A file or a body is of a kind that is not read. The message lists those that are."""
