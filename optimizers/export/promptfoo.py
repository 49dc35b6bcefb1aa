"""`promptfoo`: a configuration that runs the judge over a file of labelled rows.

It is JSON, which promptfoo reads like YAML. promptfoo itself replaces `{{input}}` and `{{output}}`
within the values of a row; a row that holds these very words reads differently there.
"""

import json

from optimizers.artifact import Artifact
from optimizers.calls import Call
from optimizers.export.jinja import jinja_messages, literal
from optimizers.export.values import Export, json_file, only_call

_PROVIDERS = {
    "anthropic": "anthropic:messages",
    "azure": "azure:chat",
    "gemini": "google",
    "ollama": "ollama:chat",
    "ollama_chat": "ollama:chat",
    "openai": "openai:chat",
}


def promptfoo(artifact: Artifact) -> Export:
    """Prompt, provider, and an assertion that compares the verdict with the row's `label`."""
    call = only_call(artifact, "promptfoo")
    prompt = json.dumps(jinja_messages(call.template), ensure_ascii=False, indent=2)
    config = {
        "description": _description(artifact, call),
        "prompts": [{"label": "concord judge", "raw": prompt}],
        "providers": [_provider(call)],
        "defaultTest": {"assert": [{"type": "javascript", "value": literal(assertion(call))}]},
        "tests": "file://rows.csv",
    }
    return json_file(config, "promptfooconfig.json")


def _description(artifact: Artifact, call: Call) -> str:
    note = ""
    if call.model.name == "offline":
        note = " Name your model in providers: the demonstration model `offline` exists in Concord alone."
    return (
        f"Concord judge {artifact.digest[:16]}, measured with {call.model.name}. Put your rows into "
        f"rows.csv with the columns input, output, label (pass or fail).{note}"
    )


def _provider(call: Call) -> dict[str, object]:
    prefix, _, name = call.model.name.partition("/")
    config = dict(call.to_plain()["decoding"])  # type: ignore[call-overload]  # it is a mapping
    if call.model.api_base is not None:
        return {"id": f"openai:chat:{name}", "config": {**config, "apiBaseUrl": call.model.api_base}}
    if not name:
        return {"id": "openai:chat:your-model", "config": config}
    return {"id": f"{_PROVIDERS.get(prefix, prefix)}:{name}", "config": config}


def assertion(call: Call) -> str:
    """JavaScript over `output`, the judge's answer, and `context.vars`, the row: is its verdict the
    row's label?"""
    response, threshold = call.template.response, call.decision.threshold
    lines = ["const answer = typeof output === 'string' ? output : JSON.stringify(output);"]
    if response.pattern is not None:
        lines.append(f"const found = answer.match(new RegExp({json.dumps(response.pattern)}));")
        lines.append("const said = found ? found[1] : undefined;")
    else:
        lines.append("const found = answer.match(/\\{[\\s\\S]*\\}/);")
        lines.append("const fields = found ? JSON.parse(found[0]) : Object();")
        lines.append(f"const said = fields[{json.dumps(response.field)}];")
    lines.append("const plain = (text) => String(text).trim().toLowerCase();")
    if threshold is None:
        lines.append(f"const passed = plain(said) === plain({json.dumps(response.pass_value)});")
        lines.append(f"const failed = plain(said) === plain({json.dumps(response.fail_value)});")
    else:
        lines.append(f"const risk = Number(fields[{json.dumps(response.probability_field)}]);")
        lines.append(f"const passed = risk < {threshold!r};")
        lines.append(f"const failed = risk >= {threshold!r};")
    lines.append("return plain(context.vars.label) === (passed ? 'pass' : failed ? 'fail' : 'no verdict');")
    return "\n".join(lines)
