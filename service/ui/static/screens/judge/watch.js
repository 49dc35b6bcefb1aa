/* Whether a judge still agrees with people: samples of its traffic that people label, and what they have shown.
 *
 *   const part = watchPart(context, path, {onSampled});  part.element; part.show(judge)
 */

import { isAbort } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { count, estimate, number, sentence, time } from "../../kit/format.js";
import { latest } from "../../kit/latest.js";
import { toast } from "../../kit/toast.js";
import { field } from "../../parts/model.js";
import { notice, problem } from "../../parts/notice.js";
import { rowsAddress } from "../../parts/rows-link.js";

export function watchPart(context, path, { onSampled }) {
  const { api, signal } = context;
  const n = h("input", { type: "number", class: "short", min: 1, max: 1000, value: "20" });
  const button = h("button", { type: "submit", class: "button" }, "Draw a sample");
  const drawn = h("div", { "aria-live": "polite" });
  const body = h("div", { class: "stack" });
  const form = h("form", { class: "stack tight", on: { submit: sample } }, field("Rows", n, "Drawn by chance from the traffic into the dataset, for people to label without seeing the verdicts."), h("div", { class: "row" }, button), drawn);
  const element = h("section", { class: "card stack", "aria-labelledby": "watch-title" }, h("h2", { id: "watch-title" }, "Does it still agree with people?"), body, form);

  async function sample(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      const found = await api.post(`${path}/samples`, { n: Number(n.value) }, { signal });
      const to = rowsAddress(found.dataset_id, found.example_ids, { what: `Sample ${found.sample} of ${found.judge}` });
      fill(drawn, notice("good", `${count(found.n, "row is", "rows are")} in the dataset now`, h("p", {}, h("a", { href: to }, `Label ${found.n === 1 ? "it" : "them"}`), found.left ? ` (${count(found.left, "more row")} could be drawn)` : " (all of the traffic has been drawn)", ".")));
      await onSampled();
    } catch (error) {
      if (!isAbort(error)) toast(sentence(error.message), { kind: "bad" });
    } finally {
      button.disabled = false;
    }
  }

  const load = latest(async () => {
    try {
      fill(body, shown(await api.get(`${path}/monitor`, { signal })));
    } catch (error) {
      if (signal.aborted) return;
      fill(body, error.status === 409 ? h("p", { class: "muted" }, sentence(error.message)) : problem(error));
    }
  });

  return {
    element,
    show({ champion, traffic }) {
      button.disabled = !champion || !traffic;
      if (champion) load();
      else fill(body, h("p", { class: "muted" }, "Put a version in use first."));
    },
  };
}

function shown({ status, bound, evidence, alarm_at: alarm, fallen_at: where, n, looks, samples }) {
  return [
    verdict({ status, bound, where, n }),
    looks.length > 0 && h("p", { class: "small muted" }, `The evidence of a fall stands at ${number(evidence, 1)}; from ${number(alarm)} on it counts as one. One may look as often as one likes.`),
    samples.length > 0 && h("ul", { class: "plain second-looks" }, samples.map((one) => line(one, looks))),
  ];
}

function verdict({ status, bound, where, n }) {
  const least = `kappa ${number(bound, 2)}`;
  if (status === "fallen") return notice("bad", "Its agreement has fallen", h("p", {}, `Labels of its traffic (${where}) show that it is below ${least}, the lower limit of what was measured. Label more rows, and find a new judge.`));
  if (status === "ok") return notice("good", "No fall is shown", h("p", {}, `${count(n, "labelled row")} of its traffic do not show that its agreement is below ${least}, the lower limit of what was measured.`));
  return h("p", { class: "muted" }, n ? `${count(n, "labelled row")} of its traffic: too few to tell.` : "No row of its traffic has a label yet. Draw a sample and label it: then it shows whether agreement is still what was measured.");
}

function line({ sample, drawn, labelled, at: when }, looks) {
  const look = looks.find((one) => one.name === `sample ${sample}`);
  return h("li", {}, h("div", { class: "spread" }, h("span", {}, `Sample ${sample}: ${number(labelled)} of ${count(drawn, "row")} labelled`, look && typeof look.kappa.value === "number" && `, kappa ${estimate(look.kappa)}`), h("span", { class: "small muted" }, time(when))));
}
