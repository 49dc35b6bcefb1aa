/* Work that is asked for more often than it can be done: one at a time, and once more for all who asked meanwhile.
 *
 *   const refresh = latest(async () => ...)     refresh() -> Promise of the work that began after the call
 *   const soon = debounced(fn, 300)             soon() runs fn when nobody has called it for 300 ms; soon.now() at once
 */

export function latest(work) {
  let running = null;
  let waiting = null;
  const run = () => {
    running = work().finally(() => (running = null));
    return running;
  };
  return () => {
    if (!running) return run();
    waiting ??= running.catch(() => {}).then(() => ((waiting = null), run()));
    return waiting;
  };
}

export function debounced(fn, ms) {
  let timer = null;
  const now = () => {
    clearTimeout(timer);
    timer = null;
    fn();
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(now, ms);
  };
  return Object.assign(soon, { now, cancel: () => clearTimeout(timer) });
}
