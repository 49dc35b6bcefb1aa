/* Our example, one click away.
 *
 *   exampleButton(context, {primary?}) -> a button that makes the example's dataset and goes there
 */

import { h } from "../kit/dom.js";
import { icon } from "../kit/icons.js";
import { at } from "../kit/paths.js";
import { toast } from "../kit/toast.js";

export function exampleButton(context, { primary = false } = {}) {
  const button = h(
    "button",
    { type: "button", class: ["button", primary && "primary"], on: { click: run } },
    icon("sparkle"),
    "Try our example",
  );
  async function run() {
    button.disabled = true; // one click makes one dataset
    try {
      const { id } = await context.api.post("/datasets/example");
      context.go(at`/datasets/${id}`);
    } catch (error) {
      button.disabled = false;
      toast(`The example could not be made: ${error.message}`, { kind: "bad" });
    }
  }
  return button;
}
