"""What the API answers, as far as a client acts on it; everything else it said is kept as extra fields."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

ENDED = frozenset({"cancelled", "failed", "succeeded"})
AT_REST = ENDED | {"paused"}


class _Answer(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class Dataset(_Answer):
    """A dataset and its counts."""

    id: str
    name: str
    criterion: str = ""


class Run(_Answer):
    """An optimization run. `status` is queued, running, paused, cancelled, failed or succeeded."""

    resource: ClassVar[str] = "runs"

    id: str
    status: str
    dataset_id: str = ""
    strategy: str = ""
    mlflow_url: str | None = None

    @property
    def at_rest(self) -> bool:
        """Whether nothing more happens unless somebody acts."""
        return self.status in AT_REST


class Evaluation(_Answer):
    """One judge over a dataset's labelled rows."""

    resource: ClassVar[str] = "evaluations"

    id: str
    status: str
    dataset_id: str = ""

    @property
    def at_rest(self) -> bool:
        """Whether nothing more happens unless somebody acts."""
        return self.status in AT_REST


class Event(BaseModel):
    """One server-sent event: its id (to resume after), its kind and its data."""

    model_config = ConfigDict(frozen=True)

    id: str | None = None
    kind: str = "message"
    data: Any = None


class JudgedExample(_Answer):
    """A verdict (`pass` or `fail`), or `None` with the failure's kind."""

    verdict: str | None = None
    rationale: str | None = None
    fail_probability: float | None = None


Json = Mapping[str, Any]
