"""A session recorded by mitmdump while a policy rewrote it: judged from the dump as it was judged live."""

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from cors_addon import cli
from tests import waits
from tests.ports import can_connect, free_port
from tests.servers.launch import upstream
from tests.test_har import CHROME

ROOT = Path(__file__).parent.parent
PAGE = "https://app.example.test"
POLICY = """
policies:
  - name: api
    filter: ~d 127.0.0.1
    origins: [https://app.example.test]
    methods: [PUT]
    credentials: true
"""
MITMDUMP = "from mitmproxy.tools.main import mitmdump; mitmdump()"


def last_lines(text: str) -> dict[str, dict[str, Any]]:
    """The last line of each flow."""
    return {each["flow_id"]: each for each in map(json.loads, text.splitlines())}


def test_the_dump_says_what_was_rewritten(tmp_path: Path, capsys: Any) -> None:
    """Every line is the live one: the policy, the edits, and what the server's own answer would have got."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    port = free_port()
    settings = {
        "cors_policy": tmp_path / "policy.yaml",
        "cors_jsonl": tmp_path / "live.jsonl",
        "confdir": tmp_path / "conf",
    }
    command = [sys.executable, "-c", MITMDUMP, "-q", "-s", str(ROOT / "cors_addon" / "__init__.py")]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(port), "-w", str(tmp_path / "dump.mitm")]
    for name, value in settings.items():
        command += ["--set", f"{name}={value}"]
    with upstream() as behind:
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            await_listening(port, process)
            for method, origin, more in (
                ("GET", PAGE, {}),
                ("OPTIONS", PAGE, {"Access-Control-Request-Method": "PUT"}),
                ("PUT", PAGE, {"Cookie": "a=b"}),
                ("GET", "https://evil.test", {}),
                ("GET", "https://upstream.test", {}),
            ):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                headers = {"Origin": origin, "User-Agent": CHROME, "Sec-Fetch-Mode": "cors", **more}
                connection.request(method, f"http://127.0.0.1:{behind}/items", headers=headers)
                connection.getresponse().read()
                connection.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
    live = last_lines((tmp_path / "live.jsonl").read_text())
    assert cli.main(["check", str(tmp_path / "dump.mitm"), "--format", "jsonl", "--fail-on", "never"]) == 0
    assert last_lines(capsys.readouterr().out) == live
    said = [(each["verdict"], each["server_verdict"], each["server_reason"]) for each in live.values()]
    assert said == [
        ("allow", "deny", "allow-origin-mismatch"),
        ("allow", None, None),  # answered by the policy: the server was not asked
        ("allow", "deny", "allow-origin-mismatch"),
        ("deny", "deny", "allow-origin-mismatch"),
        ("deny", "allow", None),
    ]
    assert all(each["rewritten"]["policy"] == "api" for each in live.values())


def await_listening(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Until the proxy listens."""
    waits.until_now(lambda: can_connect(port) or process.poll() is not None)
    assert process.poll() is None
