"""Projecting again, later, and into stores that are down, failing, local or watched."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from experiments.tracking import RunRecord, TrackingRejected, TrackingUnavailable
from experiments.tracking.projection import Projector

Store = Any  # the conftest's
Make = Callable[..., RunRecord]
SECRET = "sk-never-in-the-store"


def test_projecting_twice_adds_nothing(record: Make, store: Store, projector: Projector) -> None:
    links = projector.project(record("run-b", "ds-b"))
    before = store.everything(links)
    assert projector.project(record("run-b", "ds-b")) == links
    assert store.everything(links) == before
    name = "support-desk-ds-b"
    assert store.prompt(f"prompts:/{name}@latest").version == 1


def test_a_projection_that_was_cut_off_is_finished_without_doubles(
    record: Make, store: Store, projector: Projector
) -> None:
    links = projector.project(record("run-c", "ds-c"))
    before = store.everything(links)
    store.forget_what_is_done(links)
    projector.project(record("run-c", "ds-c"))
    assert store.everything(links) == before


def test_a_record_catches_up_after_the_server_was_down(
    record: Make, store: Store, projector: Projector, mlflow_server: Any
) -> None:
    projector.project(record("run-l", "ds-l", wrong=(3,), done=False))
    mlflow_server.stop()
    try:
        with pytest.raises(TrackingUnavailable, match="does not answer"):
            projector.project(record("run-l", "ds-l", wrong=(3, 1)))
    finally:
        mlflow_server.start()
    links = projector.project(record("run-l", "ds-l", wrong=(3, 1)))
    assert len(store.children(links)) == 2
    assert store.client.get_run(links.mlflow_run_id).info.status == "FINISHED"


def test_the_store_holds_no_pickle_and_no_secret(
    record: Make, projector: Projector, mlflow_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    projector.project(record("run-m", "ds-m"))
    files = [path for path in Path(mlflow_server.home).rglob("*") if path.is_file()]
    assert {path.suffix for path in files if "artifacts" in path.parts} == {".json", ".md", ".png", ".txt"}
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_nothing_is_written_outside_the_store(
    record: Make, projector: Projector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    projector.project(record("run-p", "ds-p"))
    assert list(tmp_path.iterdir()) == []


def test_an_id_that_could_bend_a_search_is_refused(record: Make, projector: Projector) -> None:
    with pytest.raises(TrackingRejected, match="letters"):
        projector.project(record("x' or '1'='1", "ds-n"))


def test_a_local_store_keeps_artifacts_beside_itself_or_where_it_is_told(
    record: Make, tmp_path: Path
) -> None:
    uri = f"sqlite:///{tmp_path}/local.db"
    links = Projector(uri).project(record("run-o1", "ds-o1"))
    assert links.run is None
    assert list((tmp_path / "local.artifacts").rglob("report.md"))
    Projector(uri, artifact_root=tmp_path / "elsewhere").project(record("run-o2", "ds-o2"))
    assert list((tmp_path / "elsewhere").rglob("report.md"))


class _Failing(BaseHTTPRequestHandler):
    status, code = 500, "INTERNAL_ERROR"

    def _answer(self) -> None:
        ok = self.path == "/health"
        self.send_response(200 if ok else self.status)
        self.end_headers()
        self.wfile.write(json.dumps({"error_code": self.code, "message": "no"}).encode())

    do_GET = do_POST = _answer  # noqa: N815  # the base class's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (500, "INTERNAL_ERROR", TrackingUnavailable),
        (503, "TEMPORARILY_UNAVAILABLE", TrackingUnavailable),
        (403, "PERMISSION_DENIED", TrackingRejected),
    ],
)
def test_a_server_that_fails_is_tried_again_and_one_that_refuses_is_not(
    record: Make, status: int, code: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Failing, "status", status)
    monkeypatch.setattr(_Failing, "code", code)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Failing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(error):
                Projector(f"http://127.0.0.1:{server.server_port}").project(record("run-u", "ds-u"))
        finally:
            server.shutdown()
            thread.join()
