/* An Idempotency-Key: whoever sends the same twice with one key has it done once.
 *
 *   onceKey() -> text        (crypto.randomUUID is missing where a page is not served over TLS)
 */

export function onceKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16).padStart(8, "0")).join("");
}
