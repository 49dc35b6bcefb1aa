/* The public API, and its errors.
 *
 *   api.get(path, {query, signal})          -> the answer's JSON
 *   api.post(path, body, {query, signal, key}) -> JSON; `key` is sent as Idempotency-Key
 *   api.put / api.patch(path, body, {...})  api.delete(path, {...})
 *   api.upload(path, formData, {signal})    -> JSON
 *   api.text(path, {query, signal})         -> the answer as text (exports, markdown)
 *   api.all(path, {query, signal, limit})   -> async iterator over the items of all pages
 *   api.open(path, {query, signal, headers}) -> the Response, checked to be good
 *   api.url(path, query)                    -> address for a link or a download
 *
 * Paths are those after /api: api.get(at`/datasets/${id}`).
 * A refusal throws ApiError: `status`, `code` (stable, for programs), `title`, `message` (one sentence for
 * people), `body` (the whole problem). When nobody answers it throws Unreachable. Aborting throws AbortError:
 * `isAbort(error)`. `onUnauthenticated` is told of each 401.
 */

import { search } from "./paths.js";

const BASE = "api";

export class ApiError extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `the server answered with status ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? "unknown";
    this.title = body.title ?? "The server refused";
    this.body = body;
  }
}

export class Unreachable extends Error {
  constructor(cause) {
    super("the server does not answer", { cause });
    this.name = "Unreachable";
    this.title = "No connection";
  }
}

export function isAbort(error) {
  return error?.name === "AbortError";
}

/* Whether asking the same again later may succeed. */
export function isPassing(error) {
  return error instanceof Unreachable || (error instanceof ApiError && (error.status >= 500 || error.status === 429));
}

export function createApi({ onUnauthenticated = () => {} } = {}) {
  async function open(path, { method = "GET", query, signal, headers = {}, body } = {}) {
    let response;
    try {
      response = await fetch(url(path, query), { method, headers, body, signal, credentials: "same-origin" });
    } catch (error) {
      throw isAbort(error) ? error : new Unreachable(error);
    }
    if (response.ok) return response;
    if (response.status === 401) onUnauthenticated();
    throw new ApiError(response.status, await problemOf(response));
  }

  async function json(path, options) {
    const response = await open(path, options);
    return response.status === 204 ? null : read(response, options?.signal);
  }

  function send(method) {
    return (path, body, { query, signal, key, headers = {} } = {}) => {
      const given = body === undefined ? {} : { "Content-Type": "application/json" };
      const once = key ? { "Idempotency-Key": key } : {};
      const text = body === undefined ? undefined : JSON.stringify(body);
      return json(path, { method, query, signal, body: text, headers: { ...given, ...once, ...headers } });
    };
  }

  async function* all(path, { query = {}, signal, limit = 200 } = {}) {
    let cursor = null;
    do {
      const page = await json(path, { query: { ...query, limit, cursor }, signal });
      yield* page.items;
      cursor = page.next;
    } while (cursor);
  }

  return {
    open,
    url,
    all,
    get: (path, options) => json(path, options),
    delete: (path, options) => json(path, { ...options, method: "DELETE" }),
    post: send("POST"),
    put: send("PUT"),
    patch: send("PATCH"),
    upload: (path, form, { query, signal, key } = {}) =>
      json(path, { method: "POST", query, signal, body: form, headers: key ? { "Idempotency-Key": key } : {} }),
    text: async (path, options) => (await open(path, options)).text(),
  };
}

function url(path, query) {
  return `${BASE}${path}${search(query)}`;
}

async function read(response, signal) {
  try {
    return await response.json();
  } catch (error) {
    throw signal?.aborted || isAbort(error) ? error : new Unreachable(error); // cut off in the middle
  }
}

async function problemOf(response) {
  try {
    const body = await response.json();
    return body && typeof body === "object" ? body : {};
  } catch {
    return {};
  }
}
