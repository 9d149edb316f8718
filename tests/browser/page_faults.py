"""Cases whose fault is the page's own: what it asks for, not what the server answers, is to change."""

from __future__ import annotations

import dataclasses
import random

from .cases import REDIRECTS, Case, Mutation, Step

PAGES = ("https://app.example.test", "https://app.example.test:8443", "https://www.shop.test")
SERVERS = ("https://api.other.test", "https://api.example.test", "https://cdn.third.test", "https://api.shop.test")
RESPONSE_HEADERS = (
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Credentials",
)
OF_LIBRARIES = (
    "traceparent", "tracestate", "sentry-trace", "baggage", "x-datadog-trace-id", "x-b3-traceid", "request-id",
    "x-stainless-os", "x-stainless-lang", "cache-control", "pragma", "x-requested-with", "x-csrf-token", "dnt",
)  # fmt: skip
PAGE = "{page}"
"""The page's own origin, in an answer that a maker writes."""
ELEMENTS = ("img", "script", "module", "css", "video")


def page_fault_case(rng: random.Random, case_id: str, http: str) -> Case:
    """A page that asks a server which allows it, for something that is not to be had so."""
    page, server = rng.choice(PAGES), rng.choice(SERVERS)
    url = f"{server}/{rng.choice('kc')}/{{id}}/0"
    make = rng.choice((lower_case, response_header, of_a_library, moved, tainted, credentials, element, sandboxed))
    step = make(rng, Step((url,), rng.choice(("fetch", "fetch", "xhr")), credentials="same-origin"))
    own = tuple(
        dataclasses.replace(one, values=tuple(value.replace(PAGE, page) for value in one.values))
        for one in step.mutations
    )
    return Case(case_id, page, (dataclasses.replace(step, mutations=own),), "page", http)


def _answered(step: Step, side: str, field: str, *values: str, hop: int = 0) -> Step:
    made = Mutation(hop, "p" if side == "p" else "a", field, ", ".join(values) or "none", values)
    return dataclasses.replace(step, mutations=(*step.mutations, made))


def lower_case(rng: random.Random, step: Step) -> Step:
    """`patch`, where the server lists PATCH."""
    step = dataclasses.replace(step, method="patch", body=rng.choice(("", "text")))
    return _answered(step, "p", "acam", rng.choice(("GET, POST, PATCH", "PATCH", "GET,PUT,PATCH,DELETE")))


def response_header(rng: random.Random, step: Step) -> Step:
    """A header of answers, set on the request."""
    names = rng.sample(RESPONSE_HEADERS, rng.choice((1, 1, 2)))
    step = dataclasses.replace(step, headers=tuple((name, "*") for name in names))
    return _answered(step, "p", "acah", "Content-Type")


def of_a_library(rng: random.Random, step: Step) -> Step:
    """A header that a library adds and the server does not list, beside one that it lists."""
    names = rng.sample(OF_LIBRARIES, rng.choice((1, 1, 2)))
    own = (("X-Api-Key", "k"),) if rng.random() < 0.5 else ()
    step = dataclasses.replace(step, headers=(*own, *((name, "1") for name in names)))
    return _answered(step, "p", "acah", "X-Api-Key, Content-Type")


def moved(rng: random.Random, step: Step) -> Step:
    """A preflight that is redirected to where the thing is now."""
    there = step.urls[0] if rng.random() < 0.5 else f"{rng.choice(SERVERS)}/c/{{id}}/0"
    urls = (step.urls[0], f"{there[:-2]}/1")
    step = dataclasses.replace(step, urls=urls, redirects=(307,), headers=(("X-Api-Key", "k"),))
    step = _answered(step, "p", "status", str(rng.choice(REDIRECTS)))
    return _answered(step, "p", "location", urls[1])


def tainted(rng: random.Random, step: Step) -> Step:
    """A redirect from one foreign origin to another, which allows the page by its name."""
    other = rng.choice([one for one in SERVERS if not step.urls[0].startswith(one)])
    step = dataclasses.replace(step, urls=(step.urls[0], f"{other}/c/{{id}}/1"), redirects=(rng.choice((302, 307)),))
    return _answered(step, "a", "acao", PAGE, hop=1)


def credentials(_rng: random.Random, step: Step) -> Step:
    """Credentials included, where the server answers everybody with `*`."""
    step = dataclasses.replace(step, credentials="include")
    for side in "pa":
        step = _answered(_answered(step, side, "acao", "*"), side, "acac")
    return step


def element(rng: random.Random, step: Step) -> Step:
    """The same of an element."""
    api = rng.choice(ELEMENTS)
    step = dataclasses.replace(step, api=api, crossorigin="use-credentials", credentials="include")
    return _answered(_answered(step, "a", "acao", "*"), "a", "acac")


def sandboxed(_rng: random.Random, step: Step) -> Step:
    """A sandboxed frame, whose origin is `null`, where the server allows the page by its name."""
    return _answered(dataclasses.replace(step, ctx="sandbox"), "a", "acao", PAGE)
