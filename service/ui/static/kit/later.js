/* What need not be there at once, done after the next frame is drawn: a key's answer comes first.
 *
 *   const update = afterFrame(run)     update() as often as one likes: `run` is called once
 *
 * A tab out of sight draws no frames: there it comes in the next task.
 */

export function afterFrame(run) {
  let isDue = false;
  const work = () => {
    isDue = false;
    run();
  };
  return () => {
    if (isDue) return;
    isDue = true;
    if (document.hidden) setTimeout(work);
    else requestAnimationFrame(() => setTimeout(work));
  };
}
