import { fill, h } from "../kit/dom.js";

export async function show(root, context) {
  context.title("Runs");
  fill(root, h("h1", {}, "Runs"));
}
