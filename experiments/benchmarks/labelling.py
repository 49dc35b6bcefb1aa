"""From a key to the next row on the screen, in a real Chromium, and what the server does for each key.

The page measures itself: from the time stamp that the browser gave the key to where the next row stands laid
out in the document, and to the frame in which it has been drawn; a screen of 60 frames a second waits up to
16.7 ms for one. Keys come at a person's pace, so that each is measured alone; the server's CPU time is the
kernel's count for the API's process, the saving of labels included.
"""

import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from experiments.benchmarks.deployment import Deployment

ROWS = 5_000
KEYS = 200
APART_MS = 120
LOADS = 5
LOAD_MS = 30_000
LINKS_MS = (0, 80)
"""How much longer each answer takes."""
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

_LISTEN = """
window.laidOutMs = [];
window.drawnMs = [];
let pressed = null;
window.addEventListener("keydown", (event) => (pressed = event.timeStamp), true);
new MutationObserver(() => {
  if (pressed === null) return;
  const since = pressed;
  pressed = null;
  document.body.getBoundingClientRect();
  window.laidOutMs.push(performance.now() - since);
  requestAnimationFrame(() => setTimeout(() => window.drawnMs.push(performance.now() - since)));
}).observe(document.getElementById("row-title"), { childList: true, characterData: true, subtree: true });
"""
"""A frame's callback runs before it is drawn, a task that it sets after it."""


def measure(database_url: str | None) -> dict[str, Any]:
    """Keys and loads on a dataset of 5,000 rows, on this machine's link and on one of 80 ms.

    Raises:
        RuntimeError: there is no Chromium, or labels got lost.
    """
    with tempfile.TemporaryDirectory(prefix="concord-benchmark-") as home:
        deployment = Deployment(Path(home), database_url, concurrent_calls=1)
        try:
            deployment.start_api()
            with _browser_page(str(deployment.api.base_url.copy_with(path="/"))) as page:
                return {
                    "setting": {"rows": ROWS, "keys": KEYS, "apart_ms": APART_MS, "loads": LOADS},
                    "keys": [_keys(deployment, page, link_ms) for link_ms in LINKS_MS],
                    "open_5000_rows_ms": _loads(deployment, page),
                }
        finally:
            deployment.stop()


@contextmanager
def _browser_page(address: str) -> Iterator[Page]:
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        context = browser.new_context(base_url=address, viewport={"width": 1400, "height": 900})
        name = "localStorage.setItem('concord.annotator', JSON.stringify('Ana'))"
        context.add_init_script(f"if (location.origin !== 'null') {name}")  # a blank page has no storage
        yield context.new_page()
        browser.close()


def _keys(deployment: Deployment, page: Page, link_ms: int) -> dict[str, Any]:
    """Press keys, one at a time, until all labels are with the server."""
    dataset = deployment.upload_unlabelled(ROWS)
    _slow(page, link_ms)
    _open(page, dataset)
    page.evaluate(_LISTEN)
    before_s = _cpu_s(deployment.api_pid)
    for number in range(KEYS):
        page.keyboard.press("pf"[number % 2])
        page.wait_for_timeout(APART_MS)
    page.wait_for_selector(".saving[data-state=saved]")
    cpu_s = _cpu_s(deployment.api_pid) - before_s
    labelled = deployment.api.get(f"/datasets/{dataset}").raise_for_status().json()["labelled"]
    laid_out: list[float] = page.evaluate("laidOutMs")
    drawn: list[float] = page.evaluate("drawnMs")
    if not labelled == len(laid_out) == len(drawn) == KEYS:
        raise RuntimeError(f"{KEYS} keys, {len(laid_out)} rows shown, {labelled} labels saved")
    return {
        "link_ms": link_ms,
        **{f"laid_out_{name}": value for name, value in _spread(laid_out).items()},
        **{f"drawn_{name}": value for name, value in _spread(drawn).items()},
        "server_cpu_ms_per_key": round(1000 * cpu_s / KEYS, 2),
    }


def _loads(deployment: Deployment, page: Page) -> dict[str, float]:
    """From the navigation to the first row that can be labelled."""
    dataset = deployment.upload_unlabelled(ROWS)
    _slow(page, 0)
    took = []
    for _ in range(LOADS):
        page.goto("about:blank")
        _open(page, dataset)
        took.append(page.evaluate("performance.getEntriesByName('label-interactive')[0].startTime"))
    return _spread(took)


def _open(page: Page, dataset: str) -> None:
    page.goto(f"./#/datasets/{dataset}/label")
    page.reload()
    expect(page.locator(".pane").first).not_to_contain_text("Loading", timeout=LOAD_MS)
    page.wait_for_timeout(500)


def _slow(page: Page, link_ms: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    conditions = {"offline": False, "latency": link_ms, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", conditions)


def _spread(took: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(took, n=20, method="inclusive")
    return {
        "p50_ms": round(statistics.median(took), 1),
        "p95_ms": round(cuts[18], 1),
        "most_ms": round(max(took), 1),
    }


def _cpu_s(pid: int) -> float:
    """CPU time of the process so far, by the kernel's word (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
