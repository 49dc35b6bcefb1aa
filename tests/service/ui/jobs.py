"""The example dataset and finished jobs, for tests that begin after them."""

from experiments.examples import SUPPORT_DESK_CRITERION, support_desk_path
from tests.service.ui.conftest import Site

DONE_S = 480.0


def upload_example(site: Site) -> str:
    """The example that ships with the project, as a dataset; its id."""
    response = site.api.post(
        "/api/datasets",
        data={"name": "Support desk", "criterion": SUPPORT_DESK_CRITERION},
        files={"file": ("support_desk.csv", support_desk_path().read_bytes())},
    )
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def evaluated(site: Site, dataset: str, **asked: object) -> str:
    """The id of an evaluation of `dataset` that has succeeded."""
    return finished(site, "evaluations", {"dataset_id": dataset, **asked})


def optimized(site: Site, dataset: str, **asked: object) -> str:
    """The id of a run on `dataset` that has succeeded."""
    return finished(site, "runs", {"dataset_id": dataset, **asked})


def finished(site: Site, kind: str, body: dict[str, object]) -> str:
    """The id of a job of that kind that has succeeded."""
    job = str(site.post(f"/{kind}", body, expect=202)["id"])
    with site.api.stream("GET", f"/api/{kind}/{job}/events", timeout=DONE_S) as events:
        for _ in events.iter_lines():
            pass  # the stream ends with the job
    status = site.get(f"/{kind}/{job}")["status"]
    assert status == "succeeded", status
    return job
