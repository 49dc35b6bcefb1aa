"""MLflow's evaluator, for comparison: the one place beside the tracking that imports MLflow."""

# ruff: noqa: PLC0415  # it takes seconds to import, which only its own measurement should pay

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx


def judge_by_genai(folder: Path, url: str, bodies: Sequence[Mapping[str, Any]]) -> None:
    """Have `mlflow.genai.evaluate` judge a row for each of `bodies`, which its scorer posts to `url`."""
    import mlflow
    from mlflow.genai.scorers import scorer

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment(
        experiment_id=mlflow.create_experiment("benchmark", artifact_location=(folder / "files").as_uri())
    )
    with httpx.Client() as http:

        @scorer  # type: ignore[untyped-decorator]  # MLflow is not typed
        def verdict(inputs: dict[str, Any]) -> bool:
            reply = http.post(url, json=bodies[inputs["number"]]).raise_for_status().json()
            return '"verdict": "pass"' in reply["choices"][0]["message"]["content"]

        data = [{"inputs": {"number": number}, "outputs": "answered"} for number in range(len(bodies))]
        found = mlflow.genai.evaluate(data=data, scorers=[verdict])
    if found.metrics.get("verdict/mean") != 1.0:
        raise RuntimeError(f"MLflow gave no verdict to some rows: {found.metrics}")
