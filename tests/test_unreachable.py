"""Servers that cannot be reached, under a policy: who answers for them, and until when."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.connection import Server

from cors_addon.policy.model import Preset, preset
from cors_addon.proxy import unreachable as module
from cors_addon.proxy.unreachable import Unreachable
from tests import helpers
from tests.helpers import PAGE, flow, response
from tests.ports import free_port
from tests.test_policy_glue import Proxied, proxied  # noqa: F401


def failed(address: tuple[str, int], error: str | None = "refused", **more: Any) -> Server:
    """A connection of mitmproxy's that failed."""
    server = Server(address=address, **more)
    server.error = error
    return server


def asking(port: int) -> http.HTTPFlow:
    """A request without an answer yet."""
    return flow(url=f"http://127.0.0.1:{port}/x", request=[("Origin", PAGE)], status=None)


@pytest.fixture
def port() -> int:
    """A port that nothing listens on."""
    return free_port()


def test_it_is_answered_until_it_is_up_again(port: int) -> None:
    """Then mitmproxy may try the very connections that failed again."""
    known = Unreachable()
    server = failed(("127.0.0.1", port))
    known.note(server, tls=False)

    async def ask() -> http.HTTPFlow:
        asked = asking(port)
        await known.answer(asked)
        return asked

    async def ask_when_up() -> http.HTTPFlow:
        async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port):
            return await ask()

    answer = response(asyncio.run(ask()))
    assert (answer.status_code, answer.text) == (502, f"mitmproxy cannot connect to 127.0.0.1:{port}: refused\n")
    assert ("127.0.0.1", port) in known
    assert asyncio.run(ask_when_up()).response is None
    assert not known
    assert server.error is None


def test_a_server_without_tls_is_up_and_yet_of_no_use(port: int) -> None:
    """What fails at TLS is tried with TLS."""
    known = Unreachable()
    known.note(failed(("127.0.0.1", port), "no TLS"), tls=True)

    async def ask() -> http.HTTPFlow:
        asked = asking(port)
        async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port):
            await known.answer(asked)
        return asked

    with helpers.proxy():
        assert "no TLS" in str(response(asyncio.run(ask())).text)


def test_a_name_that_cannot_be_looked_up() -> None:
    """No name of a host is that long: Python refuses to ask."""
    known, name = Unreachable(), "x" * 80 + ".test"
    known.note(failed((name, 80), "no such name"), tls=False)
    asked = flow(url=f"http://{name}/", request=[("Origin", PAGE)], status=None)
    asyncio.run(known.answer(asked))
    assert response(asked).status_code == 502


@pytest.mark.parametrize("insecure", [True, False])
def test_trust_is_mitmproxys_own(insecure: bool) -> None:
    """`ssl_insecure` counts here too."""
    with helpers.proxy() as running:
        running.set(ssl_insecure=insecure)
        assert module._context().check_hostname is not insecure


def test_what_is_known_is_bounded() -> None:
    """The oldest are forgotten; what failed behind another proxy is not known to be down at all."""
    known = Unreachable()
    for number in range(module._MAX_KNOWN + 10):
        known.note(failed((f"h{number}.test", 80)), tls=False)
    known.note(failed(("behind.test", 80), via=("http", ("proxy.test", 8080))), tls=False)
    assert len(known._known) == module._MAX_KNOWN
    assert ("h9.test", 80) not in known
    assert ("h10.test", 80) in known
    assert ("behind.test", 80) not in known


def waiting(proxied: Proxied, asked: http.HTTPFlow) -> Awaitable[None] | None:  # noqa: F811
    """What the hook of a request has mitmproxy wait for."""
    found: Awaitable[None] | None = helpers.hook(proxied.policies.hooks.namespace, "request", asked)
    return found


def test_only_a_policy_that_grants_something_asks(proxied: Proxied, port: int) -> None:  # noqa: F811
    """One that takes all away has nothing to let the page read; a preflight is answered anyway."""
    server = failed(("127.0.0.1", port))
    proxied.policies.add(preset(Preset.STRIP))
    proxied.policies.unreachable.note(server, tls=False)
    assert waiting(proxied, asking(port)) is None
    proxied.policies.add(preset(Preset.ALLOW))
    asked = asking(port)
    waits = waiting(proxied, asked)
    assert asyncio.iscoroutine(waits)
    asyncio.run(waits)
    proxied.policies.response(asked)
    assert response(asked).status_code == 502
    assert response(asked).headers["Access-Control-Allow-Origin"] == PAGE
    assert waiting(proxied, asking(port + 1)) is None
    sent = flow("OPTIONS", f"http://127.0.0.1:{port}/x",
                [("Origin", PAGE), ("Access-Control-Request-Method", "PUT")], status=None)  # fmt: skip
    assert waiting(proxied, sent) is None
    assert response(sent).status_code == 204


def test_a_tunnel_is_opened_where_the_request_will_be_answered(proxied: Proxied, port: int) -> None:  # noqa: F811
    """Refused by mitmproxy, and the page would read no 502."""
    proxied.policies.add(preset(Preset.ALLOW))
    for known in (False, True):
        if known:
            proxied.policies.unreachable.note(failed(("127.0.0.1", port)), tls=False)
        tunnel = asking(port)
        helpers.hook(proxied.policies.hooks.namespace, "http_connect", tunnel)
        assert (tunnel.response is not None) is known


def test_failures_are_noted_before_there_is_a_policy() -> None:
    """`cors.allow` comes after the failure that it is to mend."""
    with helpers.proxy() as running:
        data = type("Data", (), {"server": failed(("a.test", 80)), "conn": failed(("b.test", 443))})()
        running.addon.server_connect_error(data)
        running.addon.tls_failed_server(data)
        known = running.addon._policies.unreachable
        assert ("a.test", 80) in known
        assert known._known["b.test", 443].tls
