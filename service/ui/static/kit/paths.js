/* Addresses.
 *
 *   at`/datasets/${id}/label` -> path with each value escaped   (for the API and for routes alike)
 *   href(path, query?)        -> "#/datasets/ab12?x=1"           what a link's `href` gets
 *   search(query)             -> "?x=1" or ""                    null, undefined and "" left out, lists repeated
 *   match(pattern, path)      -> params or null                  pattern "/datasets/{id}/label"
 */

export function at(pieces, ...values) {
  return pieces.reduce((path, piece, i) => path + encodeURIComponent(values[i - 1]) + piece);
}

export function search(query) {
  const found = new URLSearchParams();
  for (const [name, value] of query instanceof URLSearchParams ? query : Object.entries(query ?? {})) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") found.append(name, one);
    }
  }
  const text = found.toString();
  return text && `?${text}`;
}

export function href(path, query) {
  return `#${path}${search(query)}`;
}

export function match(pattern, path) {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params = {};
  for (const [i, part] of wanted.entries()) {
    if (part.startsWith("{")) params[part.slice(1, -1)] = decoded(given[i]);
    else if (part !== given[i]) return null;
  }
  return params;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
