"""Each format is loaded back, or rendered, by the tool that it is for or by that tool's language."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dspy
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from optimizers.artifact import Artifact, Rule, artifact_of, artifact_of_calls, from_json
from optimizers.artifact_judge import judge_with
from optimizers.errors import InvalidInput
from optimizers.export import FORMATS, export
from optimizers.export.jinja import literal
from optimizers.export.promptfoo import assertion
from optimizers.judge import JudgeProgram, candidate_of
from optimizers.rendering import calls_of, render
from optimizers.types import (
    ANY_FAIL,
    Assertion,
    AssertionKind,
    Candidate,
    Combination,
    DecisionRule,
    Demonstration,
    Example,
    Label,
    Message,
    ModelAnswer,
    ModelRef,
    ModelRequest,
    VerbatimPrompt,
)

BRACES = "{{input}} {{ output }} {% endraw %} {% raw %}{# no #} {{{% x }}%}#} {{'a'}} \\ \r\n{"
SHOWN = Demonstration(
    example_id="t1", input=BRACES, output="Go away\n", label=Label.FAIL, rationale=f"rude {BRACES}"
)
PLAIN = Candidate(instruction="Judge the tone.")
BRACED = Candidate(instruction=f"Judge {BRACES}", demonstrations=(SHOWN,))
SURE = Candidate(instruction="Judge.", probability=True, decision=DecisionRule(threshold=0.3))
OWN = Candidate(
    verbatim=VerbatimPrompt(
        messages=(
            Message(role="system", content="{{{output}}}\n"),
            Message(role="user", content=f"{{{{input}}}}{BRACES}{{{{output}}}}{{"),
        ),
        pattern='"?score"?: (\\w+)',
        pass_value="Good",
        fail_value="Bad",
    )
)
CANDIDATES = [PLAIN, BRACED, SURE, OWN]
ROW = Example(id="1", input="in {{output}} {% x %} \\g<0> \\u0041", output="out {{input}}\r\n{{")


def artifact(
    candidate: Candidate, model: str = "openai/gpt-4o-mini", api_base: str | None = None
) -> Artifact:
    made = artifact_of(
        candidate,
        "Be kind.",
        render(candidate, "Be kind."),
        ModelRef(name=model, api_base=api_base),
        report={"conclusion": "improved"},
        provenance={"snapshot": "abc"},
    )
    return from_json(made.to_json())


def expected(candidate: Candidate, row: Example = ROW) -> list[dict[str, str]]:
    filled = render(candidate, "Be kind.").fill(row)
    return [{"role": message.role, "content": message.content} for message in filled]


def loaded(candidate: Candidate, name: str, **options: Any) -> Any:
    return json.loads(export(artifact(candidate, **options), name).text)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_the_same_text_for_the_same_judge(name: str) -> None:
    first, second = (export(artifact(BRACED), name) for _ in range(2))
    assert first == second
    assert first.text.endswith("\n")


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"format must be one of text, messages, .*, got 'pdf'"):
        export(artifact(PLAIN), "pdf")


@pytest.mark.parametrize("name", ["messages", "mlflow", "promptfoo"])
def test_a_format_for_one_prompt_refuses_a_judge_of_several(name: str) -> None:
    call = artifact(PLAIN).call
    with pytest.raises(InvalidInput, match=f"format '{name}' holds one prompt, and this judge has 2"):
        export(Artifact(calls=(call, call), rule=Rule.ANY_FAIL), name)


# --- json, text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_json_is_the_file_itself(candidate: Candidate) -> None:
    text = export(artifact(candidate), "json").text
    assert from_json(text).digest == artifact(candidate).digest


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_text_holds_every_message_word_for_word(candidate: Candidate) -> None:
    made = artifact(candidate)
    text = export(made, "text").text
    assert all(f"--- {m.role} ---\n{m.content}" in text for m in made.call.template.messages)
    assert f"Replace {made.call.template.placeholders['input']} with the input" in text
    assert "Measured with openai/gpt-4o-mini, temperature 0, max_tokens 1024." in text


def test_text_says_how_a_threshold_decides() -> None:
    assert "It fails if 'fail_probability' is 0.3 or more" in export(artifact(SURE), "text").text


# --- messages -----------------------------------------------------------------------------------------


def test_messages_has_the_promised_shape() -> None:
    made = loaded(PLAIN, "messages")
    assert made["placeholders"] == {"input": "{{input}}", "output": "{{output}}"}
    assert {k: made["response"][k] for k in ("field", "pass", "fail")} == {
        "field": "verdict",
        "pass": "pass",
        "fail": "fail",
    }
    assert made["response"]["json_schema"]["required"] == ["rationale", "verdict"]
    assert made["decoding"] == {"temperature": 0.0, "max_tokens": 1024}
    assert [m["role"] for m in made["messages"]] == ["system", "user"]


class _ChatHandler(BaseHTTPRequestHandler):
    """Fails prompts of odd length."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = body["messages"][-1]["content"]
        verdict = "fail" if len(prompt) % 2 else "pass"
        text = json.dumps({"rationale": prompt[:9], "verdict": verdict})
        reply = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def chat_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _ChatHandler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/chat/completions"
        server.shutdown()


def judge_without_concord(spec: dict[str, Any], rows: list[dict[str, str]], url: str) -> list[str | None]:
    """What a reader of the `messages` file would write: httpx, json and re, nothing else."""
    places = {text: slot for slot, text in spec["placeholders"].items()}
    cut = re.compile("|".join(map(re.escape, places)))
    response, verdicts = spec["response"], []
    names = {response["pass"]: "pass", response["fail"]: "fail"}
    for row in rows:
        fill = partial(lambda row, found: row[places[found.group()]], row)
        messages = [{**m, "content": cut.sub(fill, m["content"])} for m in spec["messages"]]
        model = spec["model"]["name"].partition("/")[2]
        answer = httpx.post(url, json={"model": model, "messages": messages, **spec["decoding"]}).json()
        content = answer["choices"][0]["message"]["content"]
        verdicts.append(names.get(json.loads(content)[response["field"]]))
    return verdicts


class PlainHttp:
    """A language model behind a chat address, without gateway."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        async with httpx.AsyncClient() as client:
            answer = (await client.post(self.url, json={"messages": messages})).json()
        return ModelAnswer(text=answer["choices"][0]["message"]["content"])


@pytest.mark.parametrize("candidate", [PLAIN, BRACED])
async def test_twenty_lines_without_concord_give_the_same_verdicts(
    candidate: Candidate, chat_url: str
) -> None:
    rows = [Example(id=str(i), input=ROW.input, output=ROW.output + "x" * i) for i in range(8)]
    spec = loaded(candidate, "messages")
    theirs = judge_without_concord(spec, [{"input": r.input, "output": r.output} for r in rows], chat_url)
    ours = await judge_with(artifact(candidate), rows, PlainHttp(chat_url))
    assert theirs == list(ours.judged([row.id for row in rows]))
    assert set(theirs) == {"pass", "fail"}


# --- dspy ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("candidate", [PLAIN, BRACED, SURE])
def test_dspy_loads_its_file_and_says_the_same_words(candidate: Candidate, tmp_path: Path) -> None:
    made = export(artifact(candidate), "dspy")
    path = tmp_path / made.filename
    path.write_text(made.text, encoding="utf-8")
    program = JudgeProgram("Be kind.", probability=candidate.probability)
    program.load(str(path))
    assert render(candidate_of(program), "Be kind.").fill(ROW) == render(candidate, "Be kind.").fill(ROW)


def test_the_lines_that_say_how_to_load_it_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = export(artifact(SURE), "dspy")
    monkeypatch.chdir(tmp_path)
    Path(made.filename).write_text(made.text, encoding="utf-8")
    scope: dict[str, Any] = {}
    exec("\n".join(json.loads(made.text)["how_to_load"][:3]), scope)
    rendered = dspy.JSONAdapter().format(
        scope["judge"].signature, [], {"task_input": ROW.input, "task_output": ROW.output}
    )
    assert rendered == expected(SURE)


def test_the_dspy_file_names_no_model_and_no_key() -> None:
    assert loaded(PLAIN, "dspy")["judge"]["lm"] is None


def test_a_verbatim_prompt_has_no_dspy_file() -> None:
    with pytest.raises(InvalidInput, match="no DSPy form"):
        export(artifact(OWN), "dspy")


# --- mlflow -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_mlflow_renders_rows_and_words_with_braces_as_they_are(candidate: Candidate) -> None:
    from mlflow.entities.model_registry import PromptVersion

    made = loaded(candidate, "mlflow")
    prompt = PromptVersion(name="judge", version=1, **made)
    assert prompt.format(input=ROW.input, output=ROW.output) == expected(candidate)
    assert prompt.response_format == artifact(candidate).call.template.response.json_schema
    assert prompt.variables >= {"input", "output"}


def test_mlflow_gets_model_and_decoding_under_its_names() -> None:
    config = loaded(SURE, "mlflow", api_base="http://127.0.0.1:1/v1")["model_config"]
    assert config == {
        "provider": "openai",
        "model_name": "gpt-4o-mini",
        "temperature": 0.0,
        "max_tokens": 1024,
        "api_base": "http://127.0.0.1:1/v1",
        "fail_threshold": 0.3,
    }


@settings(max_examples=300, deadline=None)
@given(text=st.text() | st.text(alphabet="{%#}-+ \n\r'\"\\x"), value=st.text(alphabet="{%#} \r\nx"))
def test_no_text_means_anything_to_the_template_language(text: str, value: str) -> None:
    template = literal(text) + "{{ output }}" + literal(text)
    assert Environment().from_string(template).render(output=value) == text + value + text


# --- promptfoo ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_promptfoo_renders_rows_and_words_with_braces_as_they_are(candidate: Candidate) -> None:
    raw = json.loads(loaded(candidate, "promptfoo")["prompts"][0]["raw"])
    row = {"input": ROW.input, "output": ROW.output}
    rendered = [{**m, "content": Environment().from_string(m["content"]).render(row)} for m in raw]
    assert rendered == expected(candidate)


@pytest.mark.parametrize(
    ("model", "api_base", "provider"),
    [
        ("openai/gpt-4o-mini", None, "openai:chat:gpt-4o-mini"),
        ("anthropic/claude-x", None, "anthropic:messages:claude-x"),
        ("ollama_chat/llama3:8b", None, "ollama:chat:llama3:8b"),
        ("openai/org/model", "http://127.0.0.1:1/v1", "openai:chat:org/model"),
        ("groq/llama", None, "groq:llama"),
        ("offline", None, "openai:chat:your-model"),
    ],
)
def test_promptfoo_names_the_provider_its_way(model: str, api_base: str | None, provider: str) -> None:
    made = loaded(PLAIN, "promptfoo", model=model, api_base=api_base)
    assert made["providers"][0]["id"] == provider
    assert made["providers"][0]["config"].get("apiBaseUrl") == api_base
    assert ("Name your model" in made["description"]) == (model == "offline")


@pytest.mark.parametrize(
    ("candidate", "answer", "label", "agrees"),
    [
        (PLAIN, '```json\n{"rationale": "{x}", "verdict": "FAIL"}\n```', "fail", True),
        (PLAIN, '{"verdict": "pass"}', "fail", False),
        (PLAIN, "no idea", "fail", False),
        (SURE, '{"verdict": "pass", "fail_probability": 0.3}', "fail", True),
        (SURE, '{"verdict": "fail", "fail_probability": 0.29}', "Pass", True),
        (OWN, '"score": good.', "pass", True),
        (OWN, "score: bad", "pass", False),
    ],
)
def test_the_promptfoo_assertion_compares_verdict_and_label(
    candidate: Candidate, answer: str, label: str, agrees: bool
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    call = artifact(candidate).call
    stated = loaded(candidate, "promptfoo")["defaultTest"]["assert"][0]["value"]
    assert Environment().from_string(stated).render() == assertion(call)
    context = json.dumps({"vars": {"label": label}})
    script = (
        f"const judge = (output, context) => {{{assertion(call)}}};\n"
        f"console.log(judge({json.dumps(answer)}, {context}));"
    )
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(agrees).lower()


# --- sets of assertions ---------------------------------------------------------------------------------

KIND = Assertion(id="a", criterion="Be kind.", kind=AssertionKind.PROMPT, text="Is it kind?")
BRIEF = Assertion(id="b", criterion="Be brief.", kind=AssertionKind.CHECK, text="words(output) < 9")


def set_of(*assertions: Assertion, combination: Combination = ANY_FAIL) -> Artifact:
    candidate = Candidate(assertions=assertions, combination=combination)
    calls = calls_of(candidate, "Be good.", ModelRef(name="openai/gpt"))
    return artifact_of_calls(candidate, "Be good.", calls, report={}, provenance={})


def test_a_set_is_read_with_its_criteria_its_checks_and_its_rule() -> None:
    text = export(set_of(KIND, BRIEF), "text").text
    assert "=== prompt 1 of 2: Be kind. ===" in text
    assert "=== check 2 of 2: Be brief. ===\n\nwords(output) < 9" in text
    assert "A row fails if any of these prompts or checks fails it." in text


def test_a_learned_rule_is_read_with_its_weights() -> None:
    learned = Combination(weights=(1.25, 0.5), bias=-0.75)
    text = export(set_of(KIND, BRIEF, combination=learned), "text").text
    assert "=== prompt 1 of 2, weight 1.25: Be kind. ===" in text
    assert "the weighted sum and -0.75 come to more than 0" in text


@pytest.mark.parametrize("name", ["messages", "mlflow", "promptfoo"])
def test_a_set_of_one_prompt_is_a_prompt_and_other_sets_are_refused(name: str) -> None:
    assert "Is it kind?" in export(set_of(KIND), name).text
    with pytest.raises(InvalidInput, match=f"format '{name}' holds a prompt, and this judge is a code check"):
        export(set_of(BRIEF), name)
    with pytest.raises(InvalidInput, match="weighs its answer"):
        export(set_of(KIND, combination=Combination(weights=(1.0,), bias=0.5)), name)
    with pytest.raises(InvalidInput, match="holds one prompt, and this judge has 2"):
        export(set_of(KIND, BRIEF), name)


def test_a_set_has_no_dspy_program() -> None:
    with pytest.raises(InvalidInput, match="needs a judge that was rendered from one candidate"):
        export(set_of(KIND), "dspy")
