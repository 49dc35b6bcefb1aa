/* Whether the service wants a key, and whether this browser is signed in.
 *
 *   access.required, access.isSignedIn     as they were last told
 *   await access.refresh()                 asks the service
 *   await access.signIn(key, {signal})     throws what the API refuses with
 *   await access.signOut()
 *   access.onChange(fn)                    called after a change
 */

export function createAccess(api) {
  const changes = new EventTarget();
  const access = {
    required: false,
    isSignedIn: true,
    async refresh({ signal } = {}) {
      const { required, signed_in: isSignedIn } = await api.get("/session", { signal });
      Object.assign(access, { required, isSignedIn });
      changes.dispatchEvent(new Event("change"));
    },
    async signIn(key, { signal } = {}) {
      await api.post("/session", { key }, { signal });
      await access.refresh();
    },
    async signOut() {
      await api.delete("/session");
      await access.refresh();
    },
    onChange(fn) {
      changes.addEventListener("change", fn);
    },
  };
  return access;
}
