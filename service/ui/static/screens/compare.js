import { fill, h } from "../kit/dom.js";

export async function show(root, context) {
  context.title("Compare runs");
  fill(root, h("h1", {}, "Compare runs"));
}
