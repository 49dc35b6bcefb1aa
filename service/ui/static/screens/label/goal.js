/* The bar to the next milestone. It counts along at once; the server's counts follow when there is time. */

import { fill, h } from "../../kit/dom.js";
import { afterFrame } from "../../kit/later.js";
import { at, href } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { milestoneBar, STEPS } from "../../parts/milestones.js";

const QUIET_MS = 1500;

export function createGoal({ api, dataset, signal }) {
  let counts = dataset;
  let drawn = dataset.labelled;
  let timer = 0;
  const node = h("div", {}, milestoneBar(counts));

  const draw = afterFrame(() => {
    fill(node, milestoneBar(counts));
    const reached = STEPS.find((step) => drawn < step.labels && counts.labelled >= step.labels);
    drawn = counts.labelled;
    if (reached) celebrate(reached);
  });

  function celebrate({ labels, title, unlocks }) {
    const screen = { Evaluate: "evaluate", Optimize: "optimize" }[title];
    const action = screen && {
      label: title,
      run: () => (location.hash = href(at`/datasets/${dataset.id}`) + `/${screen}`),
    };
    toast(`${labels} labels: you can now ${unlocks}.`, { kind: "good", action });
  }

  async function refresh() {
    try {
      counts = await api.get(at`/datasets/${dataset.id}`, { signal });
      draw();
    } catch {
      // The next label asks again.
    }
  }

  return {
    node,
    add(labels) {
      if (!labels) return;
      const next = counts.next_milestone;
      const missing = next?.missing.labels && { ...next.missing, labels: Math.max(1, next.missing.labels - labels) };
      counts = {
        ...counts,
        labelled: counts.labelled + labels,
        next_milestone: next && (missing ? { ...next, missing } : next),
      };
      draw();
    },
    refreshSoon() {
      clearTimeout(timer);
      timer = setTimeout(refresh, QUIET_MS);
      signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    },
  };
}
