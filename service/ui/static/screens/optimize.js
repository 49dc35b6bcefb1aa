import { fill, h } from "../kit/dom.js";
import { datasetFrame } from "../parts/dataset.js";

export async function show(root, context) {
  const { dataset, body } = await datasetFrame(root, context, "optimize");
  fill(body, h("p", {}, dataset.criterion));
}
