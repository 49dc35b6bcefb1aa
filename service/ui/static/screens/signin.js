/* Signing in with one of the service's API keys, where it wants one. `then` in the address is where one came from. */

import { announce } from "../kit/announce.js";
import { isAbort } from "../kit/api.js";
import { fill, h } from "../kit/dom.js";
import { sentence } from "../kit/format.js";
import { href } from "../kit/paths.js";
import { empty, loading } from "../parts/notice.js";

export async function show(root, context) {
  const { access, signal, query } = context;
  context.title("Sign in");
  context.layout("reading");
  fill(root, loading());
  await access.refresh({ signal });
  const then = destination(query.get("then"));
  if (access.isSignedIn) return void (query.has("then") ? location.replace(then) : fill(root, already(access.required)));
  fill(root, form(context, then, query.has("then")));
  root.querySelector("input").focus();
}

/* Only places on this page: what follows the # is never another host. */
function destination(then) {
  return then?.startsWith("/") && !then.startsWith("/signin") ? `#${then}` : href("/datasets");
}

function already(required) {
  const text = required ? "You are signed in in this browser." : "This service wants no key: it listens to this machine alone.";
  const action = h("a", { class: "button primary", href: href("/datasets") }, "To the datasets");
  return empty({ icon: "check", title: required ? "Signed in" : "No sign-in needed", text, actions: [action], level: 1 });
}

function form({ access, signal }, then, wasSent) {
  const wrong = h("p", { class: "wrong", id: "signin-wrong", role: "alert" });
  const key = h("input", { type: "password", id: "signin-key", name: "key", required: true, autocomplete: "current-password", spellcheck: "false", "aria-describedby": "signin-hint signin-wrong" });
  const submit = h("button", { type: "submit", class: "button primary" }, "Sign in");

  async function signIn(event) {
    event.preventDefault();
    submit.disabled = true;
    wrong.textContent = "";
    key.removeAttribute("aria-invalid");
    try {
      await access.signIn(key.value, { signal });
      announce("Signed in");
      if (!signal.aborted) location.replace(then);
    } catch (error) {
      if (isAbort(error)) return;
      wrong.textContent = error.status === 401 ? "This key is not one of the service's. Copy it again, without spaces around it." : sentence(error.message);
      key.setAttribute("aria-invalid", "true");
      key.select();
    } finally {
      submit.disabled = false;
    }
  }

  return h(
    "section",
    { class: "card stack signin" },
    h("h1", {}, "Sign in"),
    h("p", {}, wasSent ? "This service wants an API key. After it you go on where you were." : "This service wants an API key."),
    h(
      "form",
      { class: "stack", on: { submit: signIn } },
      h("div", { class: "field" }, h("label", { class: "label", for: key.id }, "API key"), key, h("p", { class: "hint", id: "signin-hint" }, "One of those that whoever runs the service has set as CONCORD_API_KEYS. The browser keeps a sign-in, not the key.")),
      wrong,
      h("div", { class: "row" }, submit),
    ),
  );
}
