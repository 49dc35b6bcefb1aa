/* Before the first paint: the colour scheme that was chosen, where it was. A module would come too late. */
try {
  const chosen = JSON.parse(localStorage.getItem("concord.scheme"));
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.scheme = chosen;
} catch {
  // Without storage the system's scheme holds.
}
