"""`text`: the prompt as a person reads and copies it."""

from optimizers.artifact import Artifact, Rule
from optimizers.calls import Call, Check
from optimizers.export.values import Export


def text(artifact: Artifact) -> Export:
    """Each message under its role, its words unchanged, then how to use it; a check as it is written."""
    parts = [_call(call) if isinstance(call, Call) else _check(call) for call in artifact.calls]
    if artifact.rule is not Rule.SINGLE:
        parts = [f"=== {_title(artifact, place)} ===\n\n{part}" for place, part in enumerate(parts)]
        parts.append(_rule(artifact))
    return Export(text="\n\n".join(parts) + "\n", filename="judge.txt", media_type="text/plain")


def _title(artifact: Artifact, place: int) -> str:
    call, n = artifact.calls[place], len(artifact.calls)
    kind = "prompt" if isinstance(call, Call) else "check"
    about = f": {call.criterion}" if call.criterion else ""
    if artifact.rule is not Rule.LEARNED:
        return f"{kind} {place + 1} of {n}{about}"
    return f"{kind} {place + 1} of {n}, weight {artifact.combination.weights[place]:g}{about}"


def _rule(artifact: Artifact) -> str:
    if artifact.rule is not Rule.LEARNED:
        own = "prompts" if len(artifact.prompts) == len(artifact.calls) else "prompts or checks"
        return f"A row fails if any of these {own} fails it."
    return (
        "Take the log-odds of fail of each: log(p / (1 - p)) where a probability p of fail is told, cut to "
        "0.02 and 0.98; where none is told, 1.73 for a fail and -1.73 for a pass; 0 without a verdict. "
        f"A row fails if the weighted sum and {artifact.combination.bias:g} come to more than 0."
    )


def _check(check: Check) -> str:
    return f"{check.expression}\n\n(a row passes where this expression of Concord's checks is true)"


def _call(call: Call) -> str:
    shown = [f"--- {message.role} ---\n{message.content}" for message in call.template.messages]
    return "\n\n".join([*shown, f"--- how to use it ---\n{_usage(call)}"])


def _usage(call: Call) -> str:
    response, places = call.template.response, call.template.placeholders
    lines = [
        f"Replace {places['input']} with the input and {places['output']} with the output to judge.",
        f"Measured with {call.model.name}{_decoding(call)}.",
    ]
    if response.pattern is None:
        lines.append(f"The answer is a JSON object; its field {response.field!r} is {_values(call)}.")
    else:
        lines.append(f"The first group of {response.pattern} in the answer is {_values(call)}.")
    if call.decision.threshold is not None:
        lines.append(
            f"It fails if {response.probability_field!r} is {call.decision.threshold:g} or more, whatever "
            f"{response.field!r} says."
        )
    return "\n".join(lines)


def _values(call: Call) -> str:
    return f"{call.template.response.pass_value!r} or {call.template.response.fail_value!r}"


def _decoding(call: Call) -> str:
    decoding = call.template.decoding
    named = {"temperature": decoding.temperature, "max_tokens": decoding.max_tokens}
    return "".join(f", {name} {value:g}" for name, value in named.items() if value is not None)
