"""Choosing among named options with Optuna's seeded TPE sampler, over what was tried so far."""

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna

from optimizers.types import Trial

Choices = Mapping[str, Sequence[Hashable]]
Chosen = Mapping[str, Hashable]

_ASKS = 8
_STARTUP_TRIALS = 4
"""Random picks before the model of what works takes over; a search has about a dozen trials."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A combination and the trial that it led to."""

    chosen: Chosen
    trial: Trial


def suggest(choices: Choices, tried: Sequence[Tried], *, seed: int) -> Chosen | None:
    """An untried combination of `choices` that promises a high kappa; `None` once all were tried.

    The study is built anew from `tried` each time, so that options may be added between two calls
    (Optuna fixes a study's categories) and the answer depends on the arguments alone. Dropped trials
    count as pruned, at the kappa and the number of rows that they reached.
    """
    seen = {_key(choices, t.chosen) for t in tried}
    for attempt in range(_ASKS):
        chosen = _ask(choices, tried, seed=(seed + 7919 * (len(tried) + 1) + attempt) % 2**31)
        if _key(choices, chosen) not in seen:
            return chosen
    left = [combo for combo in itertools.product(*choices.values()) if combo not in seen]
    if not left:
        return None
    pick = left[int(np.random.default_rng([seed, len(tried)]).integers(len(left)))]
    return dict(zip(choices, pick, strict=True))


def _key(choices: Choices, chosen: Chosen) -> tuple[Hashable, ...]:
    return tuple(chosen[name] for name in choices)


def _ask(choices: Choices, tried: Sequence[Tried], *, seed: int) -> Chosen:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP_TRIALS)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    # Indices, since Optuna's categories are numbers and short texts, not instructions.
    space = {
        name: optuna.distributions.CategoricalDistribution(tuple(range(len(options))))
        for name, options in choices.items()
    }
    study.add_trials([_as_optuna(choices, space, t) for t in tried if t.trial.kappa is not None])
    asked = study.ask(space)
    return {name: options[asked.params[name]] for name, options in choices.items()}


def _as_optuna(
    choices: Choices, space: Mapping[str, optuna.distributions.CategoricalDistribution], tried: Tried
) -> optuna.trial.FrozenTrial:
    trial = tried.trial
    state = optuna.trial.TrialState.COMPLETE if trial.complete else optuna.trial.TrialState.PRUNED
    return optuna.trial.create_trial(
        params={name: list(options).index(tried.chosen[name]) for name, options in choices.items()},
        distributions=dict(space),
        value=trial.kappa if trial.complete else None,
        state=state,
        intermediate_values={len(trial.evaluation.outcomes): trial.kappa},
    )
