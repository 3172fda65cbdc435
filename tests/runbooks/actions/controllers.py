"""Small real HTTP servers that speak what AWX and Rundeck document of launching, following and listing jobs."""

from __future__ import annotations

import json
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, object]
CUT = 0  # the status of an answer that never comes: the connection is closed


class Controller(ABC):
    """Keeps the jobs it was asked to run. Each question after one takes it a step on, through `script`."""

    header = "Authorization"
    proof = "Bearer s3cr3t-t0ken"

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.script = ["pending", "running", "successful"]
        self.cut_launches = 0  # so many launches happen and are not answered
        self.asked: list[str] = []

    @abstractmethod
    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Answer: ...

    def launched(self, job: dict[str, Any], answer: object) -> Answer:
        self.jobs.append(job)
        if self.cut_launches:
            self.cut_launches -= 1
            return CUT, None
        return 201, answer

    def step(self, job: dict[str, Any]) -> None:
        at = self.script.index(job["status"])
        job["status"] = self.script[min(at + 1, len(self.script) - 1)]


class Awx(Controller):
    """Job template 7 is called `Load crimes` and prompts for variables; 8 does not prompt."""

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Answer:
        kind = "workflow_" if "workflow" in path else ""
        if path == f"/api/v2/{kind}job_templates/":
            found = [{"id": 7, "name": "Load crimes"}] if query["name"] == ["Load crimes"] else []
            return 200, {"count": len(found), "results": found}
        if match := re.fullmatch(rf"/api/v2/{kind}job_templates/(\d+)/launch/", path):
            if method == "GET":
                return 200, {"ask_variables_on_launch": match[1] == "7", "can_start_without_user_input": True}
            job = {
                "id": 40 + len(self.jobs),
                "status": "pending",
                "extra_vars": json.dumps(body["extra_vars"]),
            }
            return self.launched(job, {**job, "job": job["id"], "ignored_fields": {}})
        if re.fullmatch(rf"/api/v2/{kind}job_templates/7/{kind}jobs/", path):
            newest = sorted(self.jobs, key=lambda job: -job["id"])
            return 200, {"count": len(newest), "results": newest[: int(query["page_size"][0])]}
        if match := re.fullmatch(rf"/api/v2/{kind}jobs/(\d+)/", path):
            (job,) = [job for job in self.jobs if job["id"] == int(match[1])]
            self.step(job)
            return 200, {**job, "job_explanation": "a host was away" if job["status"] == "failed" else ""}
        return 404, {"detail": "Not found."}


class Rundeck(Controller):
    """Job 0a1b is known; it takes any option."""

    header = "X-Rundeck-Auth-Token"
    proof = "s3cr3t-t0ken"

    def __init__(self) -> None:
        super().__init__()
        self.script = ["running", "succeeded"]

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Answer:
        if method == "POST" and path == "/api/41/job/0a1b/run":
            number = 900 + len(self.jobs)
            job = {
                "id": number, "status": "running", "permalink": f"http://rundeck/execution/show/{number}",
                "job": {"id": "0a1b", "options": body["options"]},
            }  # fmt: skip
            return self.launched(job, dict(job))
        if path == "/api/41/job/0a1b/executions":
            return 200, {"paging": {}, "executions": self.jobs[::-1][: int(query["max"][0])]}
        if match := re.fullmatch(r"/api/41/execution/(\d+)", path):
            (job,) = [job for job in self.jobs if job["id"] == int(match[1])]
            self.step(job)
            return 200, job
        return 404, {"error": True, "errorCode": "api.error.item.doesnotexist"}


@contextmanager
def served(controller: Controller) -> Iterator[str]:
    """Its address while it is served on a loopback port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(controller))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(controller: Controller) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            parts = urlsplit(self.path)
            controller.asked.append(f"{self.command} {parts.path}")
            code, found = 401, {"detail": "no token"}
            if self.headers.get(controller.header) == controller.proof:
                code, found = controller.answer(self.command, parts.path, parse_qs(parts.query), body)
            if code == CUT:
                self.close_connection = True
                return
            raw = json.dumps(found).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: Any) -> None:
            """The test's output stays quiet."""

    return Handler
