"""Exported policies, run by the servers that they are for: real answers decide as the policy does."""

import contextlib
import http.client
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from cors_addon.engines import FETCH
from cors_addon.exchange.model import Fields
from cors_addon.fetch.checks import Answer, Asked
from cors_addon.fetch.embedder_policy import EmbedderPolicy
from cors_addon.fetch.headers import cors_lines, get_all, split_list
from cors_addon.fetch.refusals import Stage
from cors_addon.policy.export import Inexpressible, export, find
from cors_addon.policy.export.target import Several
from cors_addon.policy.model import Names, OpenerPolicy, Policy
from cors_addon.policy.origins import collect
from cors_addon.policy.rewrite import Asking, Rewriter
from tests.servers.launch import SERVERS, Missing, upstream

APP, SUB, LOCAL = "https://app.example", "https://a.b.sub.example", "http://localhost:5173"
BASIC = ("accept", "accept-language", "content-language", "content-type")

POLICIES = {
    "one origin": Policy(name="p", origins=collect([APP])),
    "methods and headers": Policy(
        name="p",
        origins=collect([APP, "https://two.example:8443"]),
        methods=Names(("PUT", "DELETE")),
        request_headers=Names((*BASIC, "x-token")),
        expose_headers=Names(("x-total",)),
        max_age=600,
    ),
    "credentials": Policy(
        name="p",
        origins=collect([APP, "http://localhost:3000"]),
        methods=Names(("PUT",)),
        request_headers=Names((*BASIC, "authorization")),
        credentials=True,
        max_age=0,
    ),
    "anyone": Policy(
        name="p",
        origins=collect(["*"]),
        methods=Names(("PUT",)),
        request_headers=Names(("authorization",), any=True),
        expose_headers=Names(any=True),
    ),
    "any method": Policy(name="p", origins=collect([APP]), methods=Names(any=True), request_headers=Names(BASIC)),
    "any header": Policy(name="p", origins=collect([APP]), methods=Names(("PATCH",)), request_headers=Names(any=True)),
    "patterns": Policy(
        name="p",
        origins=collect([APP, "https://*.sub.example", "http://localhost:*"]),
        methods=Names(("PUT",)),
        request_headers=Names((*BASIC, "x-token")),
        credentials=True,
    ),
    "null": Policy(name="p", origins=collect(["null", APP]), methods=Names(("PUT",)), request_headers=Names(BASIC)),
    "whatever is asked, with credentials": Policy(
        name="p",
        origins=collect(["reflect"]),
        methods=Names(any=True),
        request_headers=Names(any=True),
        credentials=True,
    ),
    "nobody": Policy(name="p", origins=collect([]), request_headers=Names(BASIC)),
    "private network and edits": Policy(
        name="p", origins=collect([APP]), methods=Names(("PUT",)), private_network=True, set={"X-Set": "a b"}
    ),
}
ORIGINS = [
    APP,
    "https://two.example:8443",
    SUB,
    "https://sub.example",
    LOCAL,
    "null",
    "https://evil.test",
    APP + ".evil.test",
]
ASKED = [
    ("PUT", ""),
    ("PUT", "content-type"),
    ("DELETE", "x-token"),
    ("PATCH", ""),
    ("GET", "authorization"),
    ("POST", "x-token,x-unlisted"),
]


def requests() -> list[Asking]:
    """Requests without a preflight, and preflights."""
    return [Asking(origin) for origin in ORIGINS] + [
        Asking(origin, method, names or None) for origin, (method, names) in product(ORIGINS, ASKED)
    ]


SEVERAL = {
    "two": [
        replace(POLICIES["credentials"], name="One & only", filter=r"~d ^one\.test$"),
        replace(POLICIES["anyone"], name="two", filter=r"~u ^https?://two\.test/", set={"X-Set": "2"}),
    ],
    "three": [
        replace(POLICIES["methods and headers"], name="one", filter=r"~d ^one\.test$"),
        replace(POLICIES["whatever is asked, with credentials"], name="ONE", filter=r"~u ^https?://two\.test/"),
        replace(POLICIES["patterns"], name="rest"),
    ],
}
"""Files of several policies. Each in the order in which they are tried."""
HOSTS = {"one.test": 0, "ONE.test": 0, "two.test": 1, "elsewhere.test": 2}
"""Which of them a host gets; where there is none of that number, none."""


def send(
    port: int, asked: Asking, *, private: bool = False, host: str = "api.example", cookie: str = ""
) -> tuple[int, Fields]:
    """The server's answer."""
    headers = {"Host": host, **({"Cookie": cookie} if cookie else {})}
    if asked.origin:
        headers["Origin"] = asked.origin
    if asked.method is not None:
        headers["Access-Control-Request-Method"] = asked.method
        if asked.headers:
            headers["Access-Control-Request-Headers"] = asked.headers
        if private:
            headers["Access-Control-Request-Private-Network"] = "true"
    try:
        return _sent(port, asked, headers)
    except ConnectionResetError:  # browsers, too, ask once more then
        return _sent(port, asked, headers)


def _sent(port: int, asked: Asking, headers: dict[str, str]) -> tuple[int, Fields]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET" if asked.method is None else "OPTIONS", "/items/1", headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, tuple((name.encode(), value.encode("latin-1")) for name, value in answer.getheaders())
    finally:
        connection.close()


def allowed(asked: Asking, status: int, fields: Fields, *, credentialed: bool) -> bool:
    """Whether the standard lets an answer pass."""
    stage = Stage.ACTUAL if asked.method is None else Stage.PREFLIGHT
    wanted = Asked(asked.origin or "", asked.method or "GET", split_list(asked.headers or ""), credentialed)
    return FETCH.rules.check(stage, wanted, Answer(status, cors_lines(fields))) is None


def widened(policy: Policy, target: str) -> Policy:
    """The policy with what a target says it allows beyond it."""
    said = " ".join(each.words for each in export(policy, target).wider).lower()
    names = [name for name in (*BASIC, "authorization") if re.search(rf"\b{name}\b", said)]
    methods = [method for method, _ in ASKED] if "every method" in said else []
    return replace(
        policy,
        methods=policy.methods._replace(listed=(*policy.methods.listed, *methods)),
        request_headers=policy.request_headers._replace(listed=(*policy.request_headers.listed, *names)),
    )


def decided(rewriter: Rewriter, asked: Asking, *, credentialed: bool) -> bool:
    """What a policy itself decides."""
    status, fields = rewriter.answer(asked) if asked.method else rewriter.rewrite(asked, 200, ())
    return allowed(asked, status, fields, credentialed=credentialed)


SAME_PACKAGE = {"express-esm", "socket.io"}
"""Express has the package that these have, too: a few policies show that it is given its options."""


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (target, name)
        for target, name in product(SERVERS, POLICIES)
        if target not in SAME_PACKAGE or name in ("credentials", "patterns", "any header", "nobody")
    ],
)
def test_the_exported_policy_decides_as_the_policy_itself(target: str, name: str, tmp_path: Path) -> None:
    """Over a table of requests, with credentials and without; and caches are told what the answer depends on."""
    policy = POLICIES[name]
    try:
        snippet = export(policy, target).text()
    except Inexpressible:
        return
    rewriter = Rewriter(policy)
    most = Rewriter(widened(policy, target))
    wrong: list[object] = []
    try:
        with upstream() as behind, SERVERS[target](snippet, tmp_path, behind) as port:
            for asked in requests():
                status, fields = send(port, asked)
                for credentialed in (False, True):
                    got = allowed(asked, status, fields, credentialed=credentialed)
                    least, highest = (decided(one, asked, credentialed=credentialed) for one in (rewriter, most))
                    if not least <= got <= highest:
                        wrong.append(
                            (asked, credentialed, got, status, [pair for pair in fields if b"ccess" in pair[0]])
                        )
                if asked.method is None and status != 403:  # which no cache keeps unless it is told to
                    vary = [item.lower() for line in get_all(fields, b"vary") for item in split_list(line.decode())]
                    depends = policy.origins is not None and not policy.origins.any and bool(policy.origins.listed)
                    if depends and "origin" not in vary and len(policy.origins.listed if policy.origins else ()) > 1:
                        wrong.append((asked, "no Vary: Origin", vary))
            if policy.private_network:
                _, fields = send(port, Asking(APP, "PUT"), private=True)
                assert get_all(fields, b"access-control-allow-private-network") == [b"true"]
            if policy.set:
                assert get_all(send(port, Asking(APP))[1], b"x-set") == [b"a b"]
            if policy.expose_headers.listed:
                assert get_all(send(port, Asking(APP))[1], b"access-control-expose-headers")[0].lower() == b"x-total"
            if policy.max_age:
                assert get_all(send(port, Asking(APP, "PUT"))[1], b"access-control-max-age") == [b"600"]
    except Missing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
    assert wrong == []


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("target", [name for name in SERVERS if find(name).several is not Several.ONE])
def test_of_several_policies_each_decides_at_its_servers(target: str, name: str, tmp_path: Path) -> None:
    """And none elsewhere."""
    policies = SEVERAL[name]
    if not find(target).can.edits:
        policies = [replace(policy, set={}) for policy in policies]
    wrong: list[object] = []
    try:
        with upstream() as behind, SERVERS[target](export(policies, target).text(), tmp_path, behind) as port:
            for (host, number), asked in product(HOSTS.items(), requests()):
                status, fields = send(port, asked, host=host)
                rewriter = Rewriter(policies[number]) if number < len(policies) else None
                for credentialed in (False, True):
                    got = allowed(asked, status, fields, credentialed=credentialed)
                    wanted = rewriter is not None and decided(rewriter, asked, credentialed=credentialed)
                    if got is not wanted:
                        wrong.append((host, asked, credentialed, got, status, fields))
                policy_set = dict(policies[number].set) if number < len(policies) and asked.method is None else {}
                if (get_all(fields, b"x-set") == [b"2"]) is not bool(policy_set) and asked.method is None:
                    wrong.append((host, asked, "X-Set", fields))
    except Missing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
    assert wrong == []


@pytest.mark.parametrize("target", [name for name in SERVERS if find(name).can.edits])
def test_a_policy_that_only_sets_headers_says_nothing_of_cors(target: str, tmp_path: Path) -> None:
    """The server's own CORS headers stay as they are."""
    policy = Policy(name="p", coep=EmbedderPolicy.REQUIRE_CORP, coop=OpenerPolicy.SAME_ORIGIN, remove=("X-Total",))
    try:
        with upstream() as behind, SERVERS[target](export(policy, target).text(), tmp_path, behind) as port:
            _, bare = send(behind, Asking(APP))
            _, fields = send(port, Asking(APP))
            assert get_all(fields, b"cross-origin-embedder-policy") == [b"require-corp"]
            assert get_all(fields, b"cross-origin-opener-policy") == [b"same-origin"]
            assert (get_all(bare, b"x-total"), get_all(fields, b"x-total")) == ([b"1"], [])
            named = b"access-control-allow-origin"
            assert get_all(fields, named) == get_all(bare, named)
    except Missing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))


ODD = (
    "ü", "100%", '"a"', "a\\b", "\\", "$x", "${y}", "${PATH}", "$1", "{z}", "{$HOME}", "{http.request.method}",
    "%{HOST}e", "%{Cookie}i", "%[src]", "'q'", "`t`", "a # b; c", "a  b", "a\tb", "<?= 1 ?>", "#{1}",
    "$http_cookie", "}", "//", "/*",
)  # fmt: skip
"""Values; what a server's configuration has of variables, formats, quotes and comments."""
ODD_NAMES = (
    "$http_cookie", "$1", "%ci", "%H", "%%", "'q'", "`t`", "#", "a#b", "|", "&", "!", "~^x", "+x", "-x",
    ".*", "x*", "x.y", "^x", "'+`t`+'", "$env", "_",
)  # fmt: skip
"""Methods and names of headers, which may have all of !#$%&'*+-.^_`|~ in them."""


def expressible(policy: Policy, target: str, changes: Iterable[tuple[str, Policy]]) -> tuple[Policy, list[str]]:
    """The policy with each of the changes that a target can say, and what these are called."""
    said: list[str] = []
    for name, change in changes:
        more = replace(
            policy,
            set={**policy.set, **change.set},
            methods=Names((*policy.methods.listed, *change.methods.listed)),
            request_headers=Names((*policy.request_headers.listed, *change.request_headers.listed)),
        )
        with contextlib.suppress(Inexpressible):
            export(more, target)
            policy = more
            said.append(name)
    return policy, said


@pytest.mark.parametrize("target", SERVERS)
def test_what_traffic_brings_is_sent_as_it_is(target: str, tmp_path: Path) -> None:
    """Whatever a server's configuration makes of some characters; what it cannot say is refused.

    No name stands for more than itself: neither another one is allowed, nor does the answer show what was asked with.
    """
    policy = replace(POLICIES["credentials"], name="?>\\u000a # 'p' coding: ascii", filter="~d a.test |\n~d b.test\n")
    blank = Policy(name="")
    values = [(value, replace(blank, set={f"X-{number}": value})) for number, value in enumerate(ODD)]
    policy, _ = expressible(policy, target, values)
    policy, headers = expressible(
        policy, target, [(name, replace(blank, request_headers=Names((name.lower(),)))) for name in ODD_NAMES]
    )
    methods_of = [(name.upper(), replace(blank, methods=Names((name.upper(),)))) for name in ODD_NAMES]
    policy, methods = expressible(policy, target, methods_of)
    assert len(policy.set) in (0, *range(len(ODD) - 3, len(ODD) + 1))
    wrong: list[object] = []
    try:
        with upstream() as behind, SERVERS[target](export(policy, target).text(), tmp_path, behind) as port:
            _, fields = send(port, Asking(APP))
            for name, value in policy.set.items():
                if get_all(fields, name.lower().encode()) != [value.encode()]:
                    wrong.append((name, value, get_all(fields, name.lower().encode())))
            for name in ODD_NAMES:
                for asked, wanted in (
                    (Asking(APP, "PUT", name.lower()), name in headers),
                    (Asking(APP, name.upper(), None), name.upper() in methods),
                ):
                    status, fields = send(port, asked, cookie="kept=secret")
                    got = allowed(asked, status, fields, credentialed=True)
                    if got is not wanted and (asked.method == "PUT" or not find(target).can.always_methods):
                        wrong.append((asked, "wanted" if wanted else "not wanted", status, fields))
                    if any(b"secret" in value for _, value in fields):
                        wrong.append((asked, "shows a cookie", fields))
            for asked in (Asking(APP, "X-UNLISTED"), Asking(APP, "PUT", "x-unlisted"), Asking(APP, "PUT", "xay")):
                status, fields = send(port, asked)
                if allowed(asked, status, fields, credentialed=True) and not find(target).can.always_methods:
                    wrong.append((asked, "stands for more", fields))
    except Missing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
    assert wrong == []
