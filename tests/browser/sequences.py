"""Cases of several steps: the preflight cache, and the HTTP cache with its 304s."""

from __future__ import annotations

import dataclasses
import random

from .cases import Case, Mutation, Step

PAGES = ("https://app.example.test", "https://app.example.test", "https://www.shop.test", "http://app.example.test")
TARGETS = ("https://api.other.test", "https://api.example.test", "https://cdn.third.test")
HTTP_TARGETS = ("http://api.other.test", "http://api.example.test")
ARABIC_FIVE = "\u0665".encode().decode("latin-1")
MAX_AGES: tuple[tuple[str, ...], ...] = (
    ("600",), ("600",), ("600",), ("600",), ("600",), (), ("0",), ("-1",), ("1",), ("5",), ("abc",), ("",), ("1.5",),
    ("+600",), ("600, 0",), ("600", "0"), ("0", "600"), ("99999999999999999999",), ("-0",), ("0x10",), ('"600"',),
    ("10 minutes",), (" 600",), ("00600",), ("-9999999999999999999999",), ("600;",), ("1e3",), (ARABIC_FIVE,),
    ("600s",), ("2147483648",), ("4294967296",), ("5 5",), ("0.0",), ("2",), ("3",), ("7",), ("600,",), (",600",),
    ("600", "600"), ("", "600"), ("\t600",), ("0600 ",), ("-600",), ("1, 600",), ("6e2",), ("00",), ("86400",),
)  # fmt: skip
REQUESTS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("PUT", ()),
    ("PUT", ()),
    ("DELETE", ()),
    ("PATCH", ()),
    ("patch", ()),
    ("GET", (("X-Custom", "1"),)),
    ("GET", (("X-Custom", "1"),)),
    ("POST", (("X-Custom", "1"),)),
    ("HEAD", (("X-Custom", "1"),)),
    ("PUT", (("X-Custom", "1"),)),
    ("GET", (("X-Other", "1"),)),
    ("GET", (("X-Custom", "1"), ("X-Other", "1"))),
    ("GET", (("Authorization", "Bearer abc"),)),
    ("POST", (("Content-Type", "application/json"),)),
    ("GET", ()),
    ("POST", ()),
    ("GET", (("DPR", "2"),)),
    ("PUT", (("Authorization", "Bearer abc"),)),
    ("put", ()),
    ("PURGE", ()),
    ("Purge", ()),
    ("OPTIONS", ()),
    ("POST", (("Content-Type", "text/plain"), ("X-Custom", "1"))),
    ("GET", (("x-custom", "1"),)),
    ("GET", (("X-A", "1"), ("X-B", "1"), ("X-C", "1"))),
    ("GET", (("Range", "bytes=-5"),)),
    ("GET", (("User-Agent", "mine/1.0"),)),
    ("GET", (("Save-Data", "on"),)),
)
METHOD_LISTS = (
    "PUT", "PUT, DELETE", "*", "PUT, DELETE, PATCH, patch", "GET, POST", "", "put", "PUT, *", ",PUT,, DELETE,",
    "GET, POST, PUT, PATCH, DELETE, PURGE, OPTIONS",
)  # fmt: skip
HEADER_LISTS = (
    "x-custom", "x-custom, x-other", "*", "*, authorization", "X-CUSTOM, X-Other, Authorization, Content-Type", "",
    "*, x-custom", "Content-Type, X-Any, X-Custom, X-Other, X-A, X-B, X-C, Range, User-Agent", ",x-custom,, x-other,",
)  # fmt: skip
CONTEXTS = ("page", "page", "worker", "blob", "srcdoc", "sandbox", "data")


def sequence_case(rng: random.Random, case_id: str, http: str) -> Case:
    """A case of two to five steps."""
    chance = rng.random()
    for family, upto in ((cached_responses, 0.15), (redirected_preflights, 0.3), (given_cookies, 0.4)):
        if chance < upto:
            return family(rng, case_id, http)
    return cached_preflights(rng, case_id, http)


def cached_preflights(rng: random.Random, case_id: str, http: str) -> Case:
    """Requests to one URL, now and then another, under one policy that may change on the way."""
    page = rng.choice(PAGES)
    target = rng.choice(TARGETS if page.startswith("https") or rng.random() < 0.6 else HTTP_TARGETS)
    path = rng.choice("kc")
    url = f"{target}/{path}/{{id}}/0"
    credentials = rng.choice(("include", "include", "omit", "same-origin"))
    requests = rng.sample(REQUESTS, 2)
    methods, headers = (rng.choice(METHOD_LISTS), rng.choice(HEADER_LISTS))
    if rng.random() < 0.6:
        methods = ", ".join({method for method, _ in requests})
        headers = ", ".join({name.lower() for _, fields in requests for name, _ in fields})
    max_age = rng.choice(MAX_AGES)
    mixed = rng.random() < 0.2
    steps: list[Step] = []
    waits = 0
    for index in range(rng.choice((2, 3, 3, 4, 5))):
        method, fields = requests[0] if rng.random() < 0.6 else requests[1]
        mine = credentials
        if rng.random() < 0.2:
            mine = rng.choice(("include", "omit", "same-origin"))
        wait = 0.0
        if index and waits < 2 and rng.random() < 0.12:
            wait = rng.choice((1.5, 2.5, 4.0, 6.0, 8.0))
            waits += 1
        mutations = [Mutation(0, "p", "acam", "given", (methods,) if methods else ())]
        mutations.append(Mutation(0, "p", "acah", "given", (headers,) if headers else ()))
        mutations.append(Mutation(0, "p", "maxage", ", ".join(max_age) or "missing", max_age))
        mutations.append(Mutation(0, "p", "acac", "true", ("true",)))
        if rng.random() < 0.2:
            mutations.append(
                rng.choice(
                    (
                        Mutation(0, "a", "acao", "none"),
                        Mutation(0, "a", "acao", "other", ("https://evil.test",)),
                        Mutation(0, "a", "status", "500", ("500",)),
                        Mutation(0, "a", "fail", "kill"),
                        Mutation(0, "p", "status", "403", ("403",)),
                        Mutation(0, "p", "status", "200", ("200",)),
                        Mutation(0, "p", "status", "299", ("299",)),
                        Mutation(0, "p", "fail", "kill"),
                        Mutation(0, "p", "acac", "none"),
                        Mutation(0, "p", "acam", "invalid", ("@",)),
                        Mutation(0, "p", "acam", "more", ("PUT, DELETE, PATCH, PURGE",)),
                        Mutation(0, "p", "maxage", "none"),
                        Mutation(0, "a", "acac", "none"),
                        Mutation(0, "a", "status", "401", ("401",)),
                        Mutation(0, "p", "acao", "none"),
                        Mutation(0, "p", "acam", "other", ("TRACE",)),
                        Mutation(0, "p", "acah", "other", ("x-nothing",)),
                        Mutation(0, "p", "maxage", "0", ("0",)),
                        Mutation(0, "p", "acao", "star", ("*",)),
                    )
                )
            )
        cache = rng.choice(("no-store", "no-cache", "reload", "force-cache")) if rng.random() < 0.06 else "default"
        api = "xhr" if mine != "omit" and rng.random() < 0.15 else "fetch"
        body = "text" if method == "POST" else ""
        query = "?q" if rng.random() < 0.05 else ""
        hash_ = "#f" if rng.random() < 0.04 else ""
        ctx = rng.choice(CONTEXTS) if mixed else ""
        step = Step((url + query + hash_,), api, method, fields, body, credentials=mine, cache=cache, wait=wait,
                    keepalive=api == "fetch" and rng.random() < 0.04, ctx=ctx,
                    mutations=tuple(dict_by_place(mutations)))  # fmt: skip
        steps.append(step)
    ctx = rng.choices(("page", "worker", "sandbox", "data"), (84, 5, 7, 4))[0]
    return Case(case_id, page, tuple(steps), ctx, http)


def redirected_preflights(rng: random.Random, case_id: str, http: str) -> Case:
    """The same request through a redirect, now and then straight to where it leads: each hop has its own entry."""
    page = rng.choice(PAGES)
    targets = TARGETS if page.startswith("https") or rng.random() < 0.6 else HTTP_TARGETS
    here = rng.choice((*targets, page))
    there = rng.choice((*targets, page, here))
    urls = (f"{here}/{rng.choice('kc')}/{{id}}/0", f"{there}/{rng.choice('kc')}/{{id}}/1")
    status = rng.choice((307, 307, 308, 302, 303))
    credentials = rng.choice(("include", "include", "omit", "same-origin"))
    requests = rng.sample(REQUESTS, 2)
    max_age = rng.choice((("600",), ("600",), (), ("0",), ("5",)))
    steps: list[Step] = []
    for _ in range(rng.choice((2, 3, 3, 4))):
        method, fields = requests[0] if rng.random() < 0.75 else requests[1]
        # what goes straight to where a refused redirect of the same server leads looks as if it followed it
        straight = there != here and rng.random() < 0.25
        mine = (urls[1],) if straight else urls
        mutations = [Mutation(hop, "p", "maxage", ", ".join(max_age) or "missing", max_age) for hop in range(len(mine))]
        if rng.random() < 0.25:
            hop = rng.randrange(len(mine))
            mutations.append(
                rng.choice(
                    (
                        Mutation(hop, "a", "acao", "none"),
                        Mutation(hop, "a", "acao", "star", ("*",)),
                        Mutation(hop, "p", "acao", "none"),
                        Mutation(hop, "p", "acao", "star", ("*",)),
                        Mutation(hop, "p", "acam", "other", ("TRACE",)),
                        Mutation(hop, "p", "acah", "star", ("*",)),
                        Mutation(hop, "p", "status", "403", ("403",)),
                        Mutation(hop, "a", "fail", "kill"),
                    )
                )
            )
        step = Step(mine, "fetch", method, fields, "text" if method == "POST" else "", credentials=credentials,
                    redirects=() if straight else (status,), mutations=tuple(dict_by_place(mutations)))  # fmt: skip
        steps.append(step)
    return Case(case_id, page, tuple(steps), "page", http)


def given_cookies(rng: random.Random, case_id: str, http: str) -> Case:
    """Answers that set a cookie, which requests without credentials do not keep, and some that only they may read."""
    page = rng.choice(PAGES)
    target = rng.choice(TARGETS if page.startswith("https") or rng.random() < 0.6 else HTTP_TARGETS)
    attributes = "; Secure; SameSite=None" if target.startswith("https") and rng.random() < 0.7 else ""
    steps: list[Step] = []
    for index in range(rng.choice((2, 3, 3, 4))):
        mutations = []
        if index == 0 or rng.random() < 0.3:
            mutations.append(Mutation(0, "a", "cookie", "given", (f"n=1; Path=/c/{{id}}{attributes}",)))
        if index:
            mutations += rng.choice(
                (
                    (),
                    (Mutation(0, "a", "acac", "none"),),
                    (Mutation(0, "a", "acac", "false", ("false",)),),
                    (Mutation(0, "a", "acao", "star", ("*",)),),
                    (Mutation(0, "a", "acao", "none"),),
                )
            )
        credentials = rng.choice(("include", "omit", "same-origin"))
        api = "xhr" if credentials != "omit" and rng.random() < 0.3 else "fetch"
        wait = 0.5 if index and rng.random() < 0.5 else 0.0
        url = f"{target}/c/{{id}}/0"
        steps.append(Step((url,), api, credentials=credentials, wait=wait, mutations=tuple(mutations)))
    return Case(case_id, page, tuple(steps), "page", http)


def dict_by_place(mutations: list[Mutation]) -> list[Mutation]:
    """The mutations, the last one of each place."""
    return list({(one.hop, one.side, one.field): one for one in mutations}.values())


def cached_responses(rng: random.Random, case_id: str, http: str) -> Case:
    """A stored response and its revalidation, over plain http: answers under a test certificate are not stored.

    What was stored may have been asked for without CORS.
    """
    page = "http://app.example.test"
    target = rng.choice((*HTTP_TARGETS, "http://app.example.test", "http://localhost:3000"))
    credentials = rng.choice(("include", "omit", "same-origin"))
    step = Step((f"{target}/{rng.choice('kc')}/{{id}}/0",), credentials=credentials)
    control = rng.choice(("no-cache", "no-cache", "no-cache", "max-age=1", "max-age=60", "max-age=0, must-revalidate"))
    keep = [Mutation(0, "a", "cache", control, (control,)), Mutation(0, "a", "etag", "v1", ('"v1"',))]
    preflighted = (("X-Custom", "1"),) if rng.random() < 0.2 else ()
    step = dataclasses.replace(step, headers=preflighted)
    if preflighted:
        age = rng.choice(("0", "600"))
        keep.append(Mutation(0, "p", "maxage", age, (age,)))
    if rng.random() < 0.2:
        keep.append(Mutation(0, "a", "vary", "origin", ("Origin",)))
    right = (page,)
    origins = {"exact": right, "none": (), "other": ("http://evil.test",), "star": ("*",)}
    if rng.random() < 0.5:
        first = rng.choices(list(origins), (60, 15, 10, 15))[0]
        begin = step
    else:
        first = rng.choices(list(origins), (20, 60, 10, 10))[0]
        api = rng.choice(("img", "script", "css", "fetch"))
        begin = dataclasses.replace(
            step, api=api, mode="no-cors", headers=(), credentials=credentials if api == "fetch" else "include"
        )
    steps = [dataclasses.replace(begin, mutations=(*keep, Mutation(0, "a", "acao", first, origins[first])))]
    for _ in range(rng.choice((1, 2))):
        again = rng.choice(list(origins))
        mutations = [
            *keep,
            Mutation(0, "a", "status", "304", ("304",)),
            Mutation(0, "a", "acao", again, origins[again]),
        ]
        if rng.random() < 0.3:
            mutations.append(Mutation(0, "a", "expose", "one", ("X-Total",)))
        if rng.random() < 0.3:
            mutations.append(Mutation(0, "a", "acac", "none"))
        if rng.random() < 0.5:
            mutations.append(Mutation(0, "a", "total", "none"))
        own = (("If-None-Match", '"v1"'),) if rng.random() < 0.1 else ()
        wait = 1.5 if control == "max-age=1" and rng.random() < 0.7 else 0.0
        steps.append(dataclasses.replace(step, mutations=tuple(mutations), headers=preflighted + own, wait=wait))
    return Case(case_id, page, tuple(steps), "page", http)
