/* The composition root: makes what screens share and shows the screen that the address names.
 *
 * A screen is a module with `async function show(root, context)`; it draws into `root` and returns when its first
 * view is there. `context`:
 *   api, access, session, keys   the shared ones (kit/api.js, kit/access.js, kit/session.js, kit/keys.js)
 *   params, query            of the route; query is a URLSearchParams
 *   signal                   aborted when the screen is left: give it to fetches, listeners, streams, keys
 *   go(path, query?)         to another screen; path as from at`...`
 *   setQuery(query)          changes the address's query without showing the screen anew (filters)
 *   title(text)              of the browser's tab
 *   layout("wide" | "reading" | "")
 */

import { createAccess } from "./kit/access.js";
import { ApiError, createApi, isAbort } from "./kit/api.js";
import { fill, h } from "./kit/dom.js";
import { icon } from "./kit/icons.js";
import { createKeys } from "./kit/keys.js";
import { href, match } from "./kit/paths.js";
import { createSession } from "./kit/session.js";
import { toast } from "./kit/toast.js";
import { empty, problem } from "./parts/notice.js";
import { resumeOutboxes } from "./parts/outbox.js";

const ROUTES = [
  ["/datasets", () => import("./screens/datasets.js")],
  ["/datasets/new", () => import("./screens/upload.js")],
  ["/datasets/{id}", () => import("./screens/dataset.js")],
  ["/datasets/{id}/label", () => import("./screens/label.js")],
  ["/datasets/{id}/criteria", () => import("./screens/criteria.js")],
  ["/datasets/{id}/criteria/{part}", () => import("./screens/criteria.js")],
  ["/datasets/{id}/evaluate", () => import("./screens/evaluate.js")],
  ["/datasets/{id}/evaluate/{evaluation}", () => import("./screens/evaluate.js")],
  ["/datasets/{id}/optimize", () => import("./screens/optimize.js")],
  ["/runs", () => import("./screens/runs.js")],
  ["/runs/compare", () => import("./screens/compare.js")],
  ["/runs/{id}", () => import("./screens/run.js")],
  ["/judges", () => import("./screens/judges.js")],
  ["/judges/{name}", () => import("./screens/judge.js")],
  ["/signin", () => import("./screens/signin.js")],
];
const NAV = [
  ["/datasets", "Datasets"],
  ["/runs", "Runs"],
  ["/judges", "Judges"],
];
const SCHEMES = { auto: ["half", "Colours: as the system"], light: ["sun", "Colours: light"], dark: ["moon", "Colours: dark"] };

const main = document.getElementById("main");
const keys = createKeys();
const session = createSession();
const api = createApi({ onUnauthenticated: toSignIn });
const access = createAccess(api);
let leave = new AbortController();
let isFirst = true;

function toSignIn() {
  if (!location.hash.startsWith("#/signin")) location.replace(href("/signin", { then: location.hash.slice(1) }));
}

function address() {
  const [path, query = ""] = location.hash.slice(1).split("?");
  return { path: path || "/datasets", query: new URLSearchParams(query) };
}

async function enter() {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  const { path, query } = address();
  document.querySelectorAll("dialog[open]").forEach((open) => open.dispatchEvent(new Event("cancel", { cancelable: true })));
  drawNav(path);
  main.className = "";
  if (!isFirst) main.focus({ preventScroll: true });
  isFirst = false;
  window.scrollTo(0, 0);
  const root = fill(main, h("div", { class: "stack" })).firstChild;
  const [found, load, params] = find(path);
  if (!found) return void fill(root, nowhere(path));
  title(NAV.find(([start]) => path.startsWith(start))?.[1] ?? "");
  try {
    const screen = await load();
    if (!signal.aborted) await screen.show(root, contextOf({ params, query, signal, path }));
  } catch (error) {
    if (signal.aborted || isAbort(error)) return;
    if (error instanceof ApiError && error.status === 401) return;
    fill(root, h("h1", {}, "This page cannot be shown"), problem(error, { retry: enter }));
    if (!error.title) throw error; // a fault of our own belongs into the browser's log too
  }
}

function contextOf({ params, query, signal, path }) {
  const setQuery = (values) => history.replaceState(null, "", href(path, values));
  return { api, access, session, keys, params, query, signal, go, setQuery, title, layout: (name) => (main.className = name) };
}

function find(path) {
  for (const [pattern, load] of ROUTES) {
    const params = match(pattern, path);
    if (params) return [pattern, load, params];
  }
  return [];
}

function nowhere(path) {
  const back = h("a", { class: "button", href: href("/datasets") }, "To the datasets");
  return empty({ icon: "question", title: "There is no such page", text: `The address ${path} leads nowhere.`, actions: [back], level: 1 });
}

function go(path, query) {
  const to = href(path, query);
  if (location.hash === to) enter();
  else location.hash = to;
}

function title(text) {
  document.title = text ? `${text} · Concord` : "Concord";
}

function drawNav(path) {
  const link = ([to, word]) => h("a", { href: href(to), "aria-current": path.startsWith(to) ? "page" : null }, word);
  fill(document.getElementById("nav"), NAV.map(link));
}

function drawTools() {
  const [picture, words] = SCHEMES[session.scheme];
  const name = session.annotator;
  fill(
    document.getElementById("tools"),
    h("button", { type: "button", class: "button quiet small", title: name ? "Change the name" : null, on: { click: () => session.changeAnnotator() } }, icon("user"), h("span", { class: name ? "name" : "words" }, h("span", { class: "visually-hidden" }, "Labelling as "), name ?? "Your name")),
    h("button", { type: "button", class: "button quiet small", "aria-label": words, title: words, on: { click: () => session.nextScheme() } }, icon(picture)),
    h("button", { type: "button", class: "button quiet small", "aria-label": "Keys of this page", title: "Keys: ?", on: { click: keys.showList } }, icon("keyboard")),
    access.required && access.isSignedIn && h("button", { type: "button", class: "button quiet small", on: { click: signOut } }, "Sign out"),
  );
}

async function signOut() {
  try {
    await access.signOut();
    go("/signin");
  } catch (error) {
    toast(error.message, { kind: "bad" });
  }
}

session.onChange(drawTools);
access.onChange(drawTools);
access.refresh().catch(() => {}); // whatever is asked next tells what is wrong
drawTools();
window.addEventListener("hashchange", enter);
enter();
resumeOutboxes(api);
