/* Evaluate: choose a judge, let it decide the rows, and see how far it agrees with people. */

import { datasetFrame } from "../parts/dataset.js";
import { showStart } from "./evaluate/start.js";
import { showEvaluation } from "./evaluate/view.js";

export async function show(root, context) {
  const frame = await datasetFrame(root, context, "evaluate");
  const show = context.params.evaluation ? showEvaluation : showStart;
  await show(frame, context);
}
