import { fill, h } from "../kit/dom.js";

export async function show(root, context) {
  context.title("Sign in");
  fill(root, h("h1", {}, "Sign in"));
}
