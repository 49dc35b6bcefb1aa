"""The peers by name. A new one is a file beside this one and a line here."""

import importlib
from collections.abc import Callable

from experiments.bench.task import Entry, Found, Peers, Task
from optimizers.joint.ideas import Idea
from optimizers.strategies.registry import names as strategies

_HERE = "experiments.bench.peers"


def _later(target: str, *given: object) -> Callable[[Task], Found]:
    """`module:function`, imported when it is needed; with `given`, what it makes of them."""

    def find(task: Task) -> Found:
        module, _, name = target.partition(":")
        found: Callable[..., Found] = getattr(importlib.import_module(f"{_HERE}.{module}"), name)
        made: Callable[[Task], Found] = found(*given) if given else found  # type: ignore[assignment]
        return made(task)

    return find


def peers() -> Peers:
    """In the order of the report: others first, then Concord's own strategies."""
    others = {
        "baseline": Entry(find=_later("baseline:find"), note="the judge that all start from"),
        "labeled_fewshot_8": Entry(
            find=_later("labeled_fewshot:shots", 8), note="DSPy LabeledFewShot, 8 rows"
        ),
        "labeled_fewshot_16": Entry(
            find=_later("labeled_fewshot:shots", 16), note="DSPy LabeledFewShot, 16 rows"
        ),
        "random_search": Entry(
            find=_later("random_search:find"), note="DSPy BootstrapFewShotWithRandomSearch"
        ),
        "mipro_light": Entry(find=_later("mipro:sized", "light"), note="DSPy MIPROv2, auto=light"),
        "mipro_medium": Entry(find=_later("mipro:sized", "medium"), note="DSPy MIPROv2, auto=medium"),
        "dspy_gepa": Entry(
            find=_later("gepa:find"), note="DSPy GEPA with critiques as feedback", least_calls=400
        ),
        "simba": Entry(find=_later("simba:find"), note="DSPy SIMBA"),
        "reanchor": Entry(find=_later("reanchor:find"), note="DSPy ReAnchor"),
        "mlflow_alignment": Entry(
            find=_later("mlflow_alignment:find"), note="MLflow judge alignment, default optimizer"
        ),
    }
    own = {
        name: Entry(find=_later("concord:strategy", name), note=f"Concord {name}", least_calls=1)
        for name in strategies()
    }
    return {**others, **own, **ablations()}


def ablations() -> Peers:
    """`joint` without each of its ideas, one at a time: `joint_without_threshold` and so on."""
    return {
        f"joint_without_{idea}": Entry(
            find=_later("concord:strategy", "joint", idea.value),
            note=f"Concord joint without {idea.replace('_', ' ')}",
            least_calls=1,
        )
        for idea in Idea
    }
