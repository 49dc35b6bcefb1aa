import { fill, h } from "../kit/dom.js";

export async function show(root, context) {
  context.title("New dataset");
  fill(root, h("h1", {}, "New dataset"));
}
