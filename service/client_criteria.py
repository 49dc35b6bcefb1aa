"""Criteria and assertions from Python: `concord.criteria` and `concord.assertions` of a `ConcordClient`."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from service.client_models import Assertion, AssertionRun, Criterion, Json
from service.client_wire import Wire, as_items, as_object, given

Rule = Literal["kappa", "evalgen", "spade_cov", "spade_sub"]
CardRows = Literal["report", "all"]
Kind = Literal["prompt", "check"]


class Criteria:
    """What a good output of a dataset does, and how that fits people's labels."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, dataset_id: str, *, retired: bool = False) -> Iterator[Criterion]:
        """The criteria in the order in which they came; with `retired`, those too."""
        params = {"retired": retired}
        return map(Criterion.model_validate, self._wire.pages(f"datasets/{dataset_id}/criteria", params))

    def get(self, dataset_id: str, criterion_id: str) -> Criterion:
        """One criterion with its `history`."""
        return Criterion.model_validate(self._wire.get(_criterion(dataset_id, criterion_id)))

    def add(self, dataset_id: str, text: str, **details: Any) -> Criterion:
        """Add a criterion. Details: name, source, author, note."""
        body = given(text=text, **details)
        headers = {"idempotency-key": uuid.uuid4().hex}
        path = f"datasets/{dataset_id}/criteria"
        return Criterion.model_validate(as_object(self._wire.send("POST", path, json=body, headers=headers)))

    def change(self, dataset_id: str, criterion_id: str, **changes: Any) -> Criterion:
        """Restate or rename it: a new version. Changes: text, name, author, note."""
        path = _criterion(dataset_id, criterion_id)
        found = self._wire.send("PATCH", path, json=given(**changes))
        return Criterion.model_validate(as_object(found))

    def retire(self, dataset_id: str, criterion_id: str, **said: Any) -> Criterion:
        """Use it no more; nothing of it is lost. Said: author, note."""
        return self._do(dataset_id, criterion_id, "retire", said)

    def restore(self, dataset_id: str, criterion_id: str, **said: Any) -> Criterion:
        """Use a retired one again. Said: author, note."""
        return self._do(dataset_id, criterion_id, "restore", said)

    def _do(self, dataset_id: str, criterion_id: str, what: str, said: Json) -> Criterion:
        found = self._wire.post(f"{_criterion(dataset_id, criterion_id)}/{what}", given(**said))
        return Criterion.model_validate(found)

    def split(self, dataset_id: str, criterion_id: str, into: Iterable[Json], **said: Any) -> dict[str, Any]:
        """Put several (`{text, name?}`) in its place; `retired` and `into`."""
        body = given(into=list(into), **said)
        return self._wire.post(f"{_criterion(dataset_id, criterion_id)}/split", body)

    def merge(self, dataset_id: str, criteria: Iterable[str], *, text: str, **details: Any) -> dict[str, Any]:
        """Put one in the place of several; `retired` and `merged`."""
        body = given(criteria=list(criteria), text=text, **details)
        return self._wire.post(f"datasets/{dataset_id}/criteria/merge", body)

    def suggest(self, dataset_id: str, source: str, **options: Any) -> dict[str, Any]:
        """Suggestions of a model, which are not stored, from a `prompt`, from `labels`, or from the `history`
        of a prompt. Options: prompt, prompts, model, api_base, n, sample."""
        body = given(source=source, **options)
        return self._wire.post(f"datasets/{dataset_id}/criteria/suggest", body)

    # --- how they fit labels ------------------------------------------------------------------------

    def card(self, dataset_id: str, *, rows: CardRows = "report", model: str | None = None) -> dict[str, Any]:
        """The report card: coverage, false failure rate, alignment, kappa, of each and of the whole set."""
        path, params = f"datasets/{dataset_id}/card", given(rows=rows, model=model)
        return as_object(self._wire.send("GET", path, params=params))

    def select(self, dataset_id: str, *, rule: Rule = "kappa", **options: Any) -> dict[str, Any]:
        """The assertions that agree best with people, chosen on some rows and measured on others. Options:
        alpha, tau, model, api_base, assertions, force."""
        return self._wire.post(f"datasets/{dataset_id}/selection", given(rule=rule, **options))

    def doubts(self, dataset_id: str, criterion_id: str) -> dict[str, Any]:
        """Labels that the criterion's last change puts in doubt."""
        path = f"datasets/{dataset_id}/doubts"
        return as_object(self._wire.send("GET", path, params={"criterion": criterion_id}))

    def suspects(self, dataset_id: str, run_id: str | None = None) -> dict[str, Any]:
        """Labels that good candidates contradict with confidence."""
        path = f"datasets/{dataset_id}/suspects"
        return as_object(self._wire.send("GET", path, params=given(run_id=run_id)))

    def people(self, dataset_id: str) -> dict[str, Any]:
        """How people agree with each other, and with themselves over time."""
        return self._wire.get(f"datasets/{dataset_id}/people")


class Assertions:
    """The ways to tell whether an output meets a criterion."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(
        self, dataset_id: str, *, criterion: str | None = None, retired: bool = False
    ) -> Iterator[Assertion]:
        """The assertions in use, of one criterion where it is named; with `retired`, those too."""
        params = given(criterion=criterion, all=retired)
        return map(Assertion.model_validate, self._wire.pages(f"datasets/{dataset_id}/assertions", params))

    def add(self, dataset_id: str, criterion_id: str, kind: Kind, text: str = "", **more: Any) -> Assertion:
        """Add one: a `prompt` (`text` is a further instruction) or a `check` (an expression). More:
        reasoning, author.

        Raises: Refused, for a check that cannot be used, with line, column and reason.
        """
        body = given(criterion_id=criterion_id, kind=kind, text=text, **more)
        headers = {"idempotency-key": uuid.uuid4().hex}
        path = f"datasets/{dataset_id}/assertions"
        return Assertion.model_validate(as_object(self._wire.send("POST", path, json=body, headers=headers)))

    def change(self, dataset_id: str, assertion_id: str, **changes: Any) -> Assertion:
        """Put another in its place; the new one. Changes: text, reasoning, author."""
        path = f"datasets/{dataset_id}/assertions/{assertion_id}"
        return Assertion.model_validate(as_object(self._wire.send("PATCH", path, json=given(**changes))))

    def retire(self, dataset_id: str, assertion_id: str) -> Assertion:
        """Use it no more; what it said is kept."""
        found = self._wire.post(f"datasets/{dataset_id}/assertions/{assertion_id}/retire")
        return Assertion.model_validate(found)

    def suggest(self, dataset_id: str, criterion_id: str, **options: Any) -> dict[str, Any]:
        """What a model writes for a criterion, stored as `assertions`, and what is `refused` with reasons.
        Options: n, kinds, model, api_base, sample."""
        return self._wire.post(f"{_criterion(dataset_id, criterion_id)}/assertions/suggest", given(**options))

    def verdicts(self, dataset_id: str, assertion_id: str) -> Iterator[dict[str, Any]]:
        """What it says of each row that it has been asked about."""
        return self._wire.pages(f"datasets/{dataset_id}/assertions/{assertion_id}/verdicts")

    def functions(self) -> Sequence[dict[str, Any]]:
        """The functions of the language of checks."""
        return as_items(self._wire.send("GET", "checks/functions").json())

    def try_check(self, expression: str, rows: Iterable[Json] = ()) -> Sequence[dict[str, Any]]:
        """What an expression says of `{input, output}` rows."""
        cells: Sequence[dict[str, Any]] = self._wire.post(
            "checks/try", {"expression": expression, "rows": list(rows)}
        )["cells"]
        return cells

    def run(self, dataset_id: str, *, idempotency_key: str | None = None, **options: Any) -> AssertionRun:
        """Ask assertions about a dataset's rows. Options: assertions (ids; all in use unless given), rows
        (`labelled` or `all`), model, api_base, spend_cap, priority."""
        body = given(dataset_id=dataset_id, **options)
        headers = {"idempotency-key": idempotency_key or uuid.uuid4().hex}
        found = self._wire.send("POST", "assertion-runs", json=body, headers=headers)
        return AssertionRun.model_validate(as_object(found))

    def runs(self, dataset_id: str | None = None) -> Iterator[AssertionRun]:
        """Assertion runs, newest first."""
        found = self._wire.pages("assertion-runs", given(dataset_id=dataset_id))
        return map(AssertionRun.model_validate, found)

    def one_run(self, run_id: str) -> AssertionRun:
        """Its status, progress and spend."""
        return AssertionRun.model_validate(self._wire.get(f"assertion-runs/{run_id}"))


def _criterion(dataset_id: str, criterion_id: str) -> str:
    return f"datasets/{dataset_id}/criteria/{criterion_id}"
