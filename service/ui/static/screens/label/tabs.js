/* What one tab says of a row, the others of the same person and dataset hear. */

export function createTabs({ dataset, annotator, signal, onEntry }) {
  const channel = new BroadcastChannel(
    `concord.labels/${encodeURIComponent(dataset)}/${encodeURIComponent(annotator)}`,
  );
  channel.addEventListener("message", ({ data }) => onEntry(data));
  signal.addEventListener("abort", () => channel.close());
  return {
    tell(entry) {
      if (!signal.aborted) channel.postMessage(entry);
    },
  };
}
