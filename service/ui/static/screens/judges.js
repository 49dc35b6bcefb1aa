import { fill, h } from "../kit/dom.js";

export async function show(root, context) {
  context.title("Judges");
  fill(root, h("h1", {}, "Judges"));
}
