/* What this browser remembers, under names of our own; without storage it is forgotten with the tab.
 *
 *   remember(name, value)   recall(name, otherwise)   forget(name)
 *   names(prefix)           -> the names that begin so
 *   tab                     -> an id of this tab, the same after a reload
 */

const PREFIX = "concord.";
const fallback = new Map();

function storage(kind) {
  try {
    const found = window[kind];
    found.getItem(PREFIX);
    return found;
  } catch {
    return null;
  }
}

const local = storage("localStorage");

export function remember(name, value) {
  const text = JSON.stringify(value);
  fallback.set(PREFIX + name, text);
  try {
    local?.setItem(PREFIX + name, text);
    return local !== null;
  } catch {
    return false; // full
  }
}

export function recall(name, otherwise = null) {
  const text = local?.getItem(PREFIX + name) ?? fallback.get(PREFIX + name);
  try {
    return text === undefined || text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

export function forget(name) {
  fallback.delete(PREFIX + name);
  local?.removeItem(PREFIX + name);
}

export function names(prefix = "") {
  const known = new Set([...(local ? Object.keys(local) : []), ...fallback.keys()]);
  return [...known].filter((name) => name.startsWith(PREFIX + prefix)).map((name) => name.slice(PREFIX.length));
}

function ownTab() {
  const session = storage("sessionStorage");
  const id =
    session?.getItem(`${PREFIX}tab`) ??
    Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => n.toString(36)).join("");
  try {
    session?.setItem(`${PREFIX}tab`, id);
  } catch {
    // It lives as long as the page then.
  }
  return id;
}

export const tab = ownTab();
