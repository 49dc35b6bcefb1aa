/* Says something to people who listen to the page.
 *
 *   announce("Labelled pass")                 in the next pause
 *   announce("Not saved", {now: true})        at once
 */

export function announce(text, { now = false } = {}) {
  const region = document.getElementById(now ? "assertive" : "polite");
  region.textContent = ""; // the same text again is news again
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}
