"""The page in a real Chromium, over the real API and a worker, each a process of its own on loopback.

The browser is the system's. Where there is none these tests are skipped by name; `CONCORD_REQUIRE_BROWSER=1`
makes that a failure. A console error, an exception on the page or a request to another host fails every test.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from experiments.standin import CRITERION, make_rows
from service.up import answers, own_command

READY_S = 240.0
NOBODY = "http://127.0.0.1:9"
"""MLflow's address: nothing listens there."""
KEY = "a-key-of-these-tests"
FLAGS = [
    "--no-sandbox",  # in a container Chromium runs as root
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


expect.set_options(timeout=20_000)
"""For a busy machine; what is there is seen at once."""

# --- the service ------------------------------------------------------------------------------------


@dataclass
class Site:
    """One service: `url` is its page, `api` a client of its API."""

    home: Path
    port: int
    api: httpx.Client
    variables: dict[str, str] = field(default_factory=dict)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start_api(self) -> None:
        self._start("api")
        deadline = time.monotonic() + READY_S
        while not answers(f"{self.url}api/ready"):
            assert self.processes["api"].poll() is None, "the API's process has ended"
            assert time.monotonic() < deadline, f"the API was not ready within {READY_S} s"
            time.sleep(0.05)

    def start_worker(self) -> None:
        self._start("worker")

    def stop(self, part: str) -> None:
        process = self.processes.pop(part)
        process.kill()
        process.wait()

    def close(self) -> None:
        for part in list(self.processes):
            self.stop(part)

    def _start(self, part: str) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CONCORD_")}
        ours = {
            "CONCORD_HOME": str(self.home),
            "CONCORD_PORT": str(self.port),
            "CONCORD_MLFLOW_URI": NOBODY,
            "CONCORD_LOG_LEVEL": "WARNING",
        }
        environment = kept | ours | self.variables
        self.processes[part] = subprocess.Popen(own_command(part), env=environment, cwd="/")

    # --- what tests put in ---

    def dataset(self, rows: int = 60, *, labelled: bool = True, **fields: Any) -> str:
        """A dataset of simulated rows; its id."""
        examples: list[dict[str, Any]] = [
            {"id": row.id, "input": row.input, "output": row.output}
            | ({"label": row.label.value} if labelled else {})
            for row in make_rows(seed=3, rows=rows)
        ]
        body = {"name": "world", "criterion": CRITERION, "examples": examples} | fields
        return str(self.post("/datasets", body, expect=201)["id"])

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        response = self.api.get(f"/api{path}", params=query)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def post(self, path: str, body: Any = None, *, expect: int = 200) -> dict[str, Any]:
        response = self.api.post(f"/api{path}", json=body)
        assert response.status_code == expect, response.text
        found: dict[str, Any] = response.json()
        return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


Opener = Callable[..., Site]


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[Opener]:
    """Opens a service of a test's own: `open_site(CONCORD_API_KEYS="...")`."""
    with ExitStack() as opened:

        def open_(**variables: str) -> Site:
            return _open(opened, tmp_path / "site", variables)

        yield open_


def _open(opened: ExitStack, home: Path, variables: dict[str, str]) -> Site:
    port = free_port()
    client = opened.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60))
    site = Site(home=home, port=port, api=client, variables=variables)
    opened.callback(site.close)
    site.start_api()
    return site


@pytest.fixture(scope="session")
def shared_site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with ExitStack() as opened:
        yield _open(opened, tmp_path_factory.mktemp("site"), {})


@pytest.fixture
def site(shared_site: Site) -> Site:
    """The service that all tests share; each makes datasets of its own. It has no worker."""
    return shared_site


@pytest.fixture(scope="session")
def locked_site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service that wants `KEY`, which its `api` shows. It has no worker."""
    with ExitStack() as opened:
        found = _open(opened, tmp_path_factory.mktemp("locked"), {"CONCORD_API_KEYS": KEY})
        found.api.headers["Authorization"] = f"Bearer {KEY}"
        yield found


@pytest.fixture(scope="module")
def working_site(shared_site: Site) -> Iterator[Site]:
    """The same, with a worker, which would cost the other files' tests time."""
    shared_site.start_worker()
    yield shared_site
    shared_site.stop("worker")


# --- the browser ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the system's Chromium is."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        message = "no Chromium on the PATH for tests of the page"
        if os.environ.get("CONCORD_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One for each file. The plug-in's own would last for the whole session, and its running loop would
    keep every asynchronous test after it in this process from working."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What went wrong on pages: console errors, exceptions, requests to other hosts."""

    host: str
    found: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Console errors like this regular expression belong to the test (the server is down, say)."""
        self.expected.append(pattern)

    def over(self, page: Page) -> None:
        page.on("console", lambda said: self.note(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.note(f"{error.message}\n{error.stack}"))
        page.on("request", self._on_request)

    def note(self, text: str) -> None:
        self.found.append(text)

    def check(self) -> None:
        bad = [text for text in self.found if not any(re.search(p, text) for p in self.expected)]
        assert not bad, "\n".join(bad)

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != self.host:
            self.note(f"a request left the host: {request.url}")


@pytest.fixture
def watch(site: Site) -> Iterator[Watch]:
    """Fails the test in the end if a page went wrong."""
    watch = Watch(host=urlsplit(site.url).netloc)
    yield watch
    watch.check()


@pytest.fixture
def context(browser: Browser, site: Site, watch: Watch) -> Iterator[BrowserContext]:
    """A browser without a past, at the service's page."""
    context = browser.new_context(
        base_url=site.url, viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    context.on("page", watch.over)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def as_ana(context: BrowserContext) -> None:
    """The annotator is known already."""
    name = "localStorage.setItem('concord.annotator', JSON.stringify('Ana'))"
    context.add_init_script(f"if (location.origin !== 'null') {name}")  # a blank page has no storage


Accessible = Callable[[Page], None]


@pytest.fixture
def accessible() -> Accessible:
    """Fails on any violation that axe finds on a page, in either colour scheme."""
    return check_accessible


def check_accessible(page: Page) -> None:
    page.get_by_role("heading", level=1).wait_for()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        results = Axe().run(page)
        assert results.violations_count == 0, f"{scheme}: {results.generate_report()}"
