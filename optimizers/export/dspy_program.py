"""`dspy`: the state of a DSPy program, which DSPy itself loads."""

import sys
from importlib.metadata import version

from optimizers.artifact import Artifact
from optimizers.dspy_state import PREDICTOR, state_json
from optimizers.errors import InvalidInput
from optimizers.export.values import Export, json_file
from optimizers.types import Candidate

FILENAME = "judge.dspy.json"


def dspy_program(artifact: Artifact) -> Export:
    """The state with how to load it. DSPy reads neither `how_to_load` nor what it does not know.

    Raises:
        InvalidInput: the judge is a verbatim prompt, or not one candidate.
    """
    if artifact.candidate is None or artifact.candidate.assertions:
        raise InvalidInput("format 'dspy' needs a judge that was rendered from one candidate")
    state = state_json(artifact.candidate, artifact.criterion)
    file = {
        **state,
        "metadata": {"dependency_versions": _versions()},
        "how_to_load": _how_to_load(artifact.candidate),
    }
    return json_file(file, FILENAME)


def _versions() -> dict[str, str]:
    """The versions that DSPy compares with its own when it loads a file."""
    python, cloudpickle = sys.version.split()[0], version("cloudpickle")
    short = {"python": python, "cloudpickle": cloudpickle}
    return {"dspy": version("dspy")} | {name: ".".join(v.split(".")[:2]) for name, v in short.items()}


def _how_to_load(candidate: Candidate) -> list[str]:
    fields = ["rationale"] if candidate.reasoning else []
    fields += ["verdict: Literal['pass', 'fail']"]
    fields += ["fail_probability: float"] if candidate.probability else []
    return [
        "import json, dspy",
        f'judge = dspy.Predict("task_input, task_output -> {", ".join(fields)}")',
        f'judge.load_state(json.load(open("{FILENAME}", encoding="utf-8"))["{PREDICTOR}"])',
        "with dspy.context(lm=dspy.LM(...), adapter=dspy.JSONAdapter()):",
        "    print(judge(task_input=..., task_output=...).verdict)",
    ]
