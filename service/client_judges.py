"""Named judges from Python: `concord.judges` of a `ConcordClient`."""

from collections.abc import Iterable, Iterator
from typing import Any

from service.client_models import Json, JudgedExample, JudgeVersion, NamedJudge
from service.client_wire import Wire, as_object, given, path_part


class Judges:
    """The judges that a server keeps under names."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self) -> Iterator[NamedJudge]:
        """All judges by name, each with its champion and whether its agreement has fallen."""
        return map(NamedJudge.model_validate, self._wire.pages("judges"))

    def get(self, name: str) -> dict[str, Any]:
        """One judge with its versions and promotions."""
        return self._wire.get(_path(name))

    def keep(self, name: str, source: Json, *, note: str | None = None) -> JudgeVersion:
        """Keep a judge (`{run_id | evaluation_id | artifact, dataset_id?}`) as a new version of a name. The
        judge that is a version already stays that one."""
        body = given(name=name, note=note) | {"from": source}
        return JudgeVersion.model_validate(self._wire.post("judges", body))

    def delete(self, name: str) -> dict[str, Any]:
        """Remove a judge with its versions and its traffic; what was removed."""
        return as_object(self._wire.send("DELETE", _path(name)))

    def artifact(self, name: str, version: int, format: str = "json") -> str:  # noqa: A002  # the API's word
        """A version as a file in one of the forms."""
        path = f"{_path(name)}/versions/{version}"
        return self._wire.send("GET", path, params={"format": format}).text

    def promote(
        self, name: str, version: int, *, because: str | None = None, by: str | None = None
    ) -> dict[str, Any]:
        """Put a version in use: on its run's word, or on a person's (`because` and `by`).

        Raises: Refused, where neither speaks for it.
        """
        body = given(version=version, because=because, by=by)
        return self._wire.post(f"{_path(name)}/champion", body)

    def judge(
        self, name: str, examples: Iterable[Json], *, version: int | None = None, keep: bool = True
    ) -> tuple[JudgedExample, ...]:
        """Verdicts of the champion on `{id?, input, output}` rows, in their order; kept as traffic."""
        body = given(examples=[*examples], version=version, keep=keep)
        found = self._wire.post(f"{_path(name)}/verdicts", body)
        return tuple(JudgedExample.model_validate(verdict) for verdict in found["verdicts"])

    def traffic(
        self, name: str, *, since: str | None = None, verdict: str | None = None, version: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Kept rows with what the judge said of them, the latest first."""
        wanted = given(since=since, verdict=verdict, version=version)
        return self._wire.pages(f"{_path(name)}/traffic", wanted)

    def forget_traffic(self, name: str, before: str) -> int:
        """Remove rows that were kept before a moment, but for those of a sample; how many."""
        found = self._wire.send("DELETE", f"{_path(name)}/traffic", params={"before": before})
        return int(as_object(found)["removed"])

    def rate(self, name: str, *, since: str | None = None, version: int | None = None) -> dict[str, Any]:
        """The pass rate of unlabelled traffic, corrected for the judge's known errors."""
        return self._ask(name, "rate", since=since, version=version)

    def sample(self, name: str, n: int, **options: Any) -> dict[str, Any]:
        """Put a random sample of the traffic into the judge's dataset. Options: seed, version, since."""
        return self._wire.post(f"{_path(name)}/samples", {"n": n, **options})

    def monitor(self, name: str, *, version: int | None = None, bound: float | None = None) -> dict[str, Any]:
        """Whether the judge's agreement has fallen below `bound`, by the labelled samples of its traffic."""
        return self._ask(name, "monitor", version=version, bound=bound)

    def agreement(self, name: str, dataset_id: str, *, version: int | None = None) -> dict[str, Any]:
        """The champion's agreement with a dataset's labels, on rows that it was not built from."""
        return self._wire.post(f"{_path(name)}/agreement", given(dataset_id=dataset_id, version=version))

    def _ask(self, name: str, what: str, **params: Any) -> dict[str, Any]:
        return as_object(self._wire.send("GET", f"{_path(name)}/{what}", params=given(**params)))


def _path(name: str) -> str:
    return f"judges/{path_part(name)}"
