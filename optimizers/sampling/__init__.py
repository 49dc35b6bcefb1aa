"""What to label next, so that few labels do."""

from optimizers.sampling.learning import LearningOrder
from optimizers.sampling.plain import DisagreementOrder, EvalGenOrder, NearThreshold, RandomOrder
from optimizers.sampling.registry import DEFAULT_SAMPLER, SAMPLERS, SamplerEntry, sampler_named
from optimizers.sampling.state import LabellingState, Picks, Sampler

__all__ = [
    "DEFAULT_SAMPLER",
    "SAMPLERS",
    "DisagreementOrder",
    "EvalGenOrder",
    "LabellingState",
    "LearningOrder",
    "NearThreshold",
    "Picks",
    "RandomOrder",
    "Sampler",
    "SamplerEntry",
    "sampler_named",
]
