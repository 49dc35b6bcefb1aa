"""`text`: the prompt as a person reads and copies it."""

from optimizers.artifact import Artifact
from optimizers.calls import Call
from optimizers.export.values import Export


def text(artifact: Artifact) -> Export:
    """Each message under its role, its words unchanged, then how to use it."""
    parts = [_call(call) for call in artifact.calls]
    if len(parts) > 1:
        parts = [f"=== prompt {number} of {len(parts)} ===\n\n{part}" for number, part in enumerate(parts, 1)]
        parts.append("A row fails if any of these prompts fails it.")
    return Export(text="\n\n".join(parts) + "\n", filename="judge.txt", media_type="text/plain")


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
