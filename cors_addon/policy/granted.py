"""What a server allows already, so that configuration made for a refused request adds to it and takes nothing away.

Law: its own answers alone are asked, never those that a policy of ours has rewritten.
"""

from collections.abc import Iterable
from dataclasses import replace

from cors_addon.exchange.model import Fields, Judgement
from cors_addon.fetch.headers import cors_lines, is_token, normalize, split_list
from cors_addon.fetch.methods import FORBIDDEN, normalize_method
from cors_addon.fetch.origins import OPAQUE
from cors_addon.fetch.responses import SAFELISTED
from cors_addon.policy.learn import is_askable
from cors_addon.policy.model import Names, Policy
from cors_addon.policy.origins import ANY, collect, parse


def own_answer(judgement: Judgement) -> Fields:
    """The headers that the server itself sent; none where it was never asked."""
    rewritten = judgement.observation.rewritten
    if rewritten is None:
        return judgement.observation.response
    return () if rewritten[1] is None else rewritten[2]


def adding(policy: Policy, judgements: Iterable[Judgement]) -> tuple[Policy, list[str]]:
    """The policy with all that its server granted in these exchanges, and what could not be kept, in words."""
    notes: dict[str, None] = {}
    answers = [cors_lines(own_answer(judgement)) for judgement in judgements]
    origins = [_items(lines.allow_origin) for lines in answers]
    credentials = policy.credentials or any(
        found and found != [ANY] and normalize(b", ".join(lines.allow_credentials)) == "true"
        for found, lines in zip(origins, answers, strict=True)
    )

    def merged(known: Names, granted: Iterable[str], what: str) -> Names:
        found = dict.fromkeys((*granted, *known.listed))
        if ANY in found and credentials:
            notes[f"The server's `*` for {what} means nothing where credentials are included: list them."] = None
        listed = tuple(each for each in found if each != ANY)
        return known._replace(listed=listed, any=known.any or (ANY in found and not credentials))

    methods = merged(policy.methods, filter(_is_method, _all(lines.allow_methods for lines in answers)), "methods")
    asked = (name.lower() for name in _all(lines.allow_headers for lines in answers))
    shown = (name.lower() for name in _all(lines.expose_headers for lines in answers))
    ages = [int(age[:6]) for lines in answers for age in _items(lines.max_age) if age.isascii() and age.isdigit()]
    granted = {each for found in origins for each in found}
    listed = dict.fromkeys((*(policy.origins.listed if policy.origins else ()), *sorted(filter(_is_origin, granted))))
    if ANY in granted and not credentials:
        listed = {ANY: None}
    elif ANY in granted:
        notes["The server's `*` for origins ends here, for with credentials each origin must be named."] = None
    together = replace(
        policy,
        origins=collect(listed),
        methods=methods,
        request_headers=merged(policy.request_headers, filter(_is_name, asked), "request headers"),
        expose_headers=merged(policy.expose_headers, filter(_is_exposed, shown), "exposed headers"),
        credentials=credentials,
        max_age=ages[-1] if ages else policy.max_age,
    )
    if (together.origins, together.methods, together.request_headers) != (
        policy.origins,
        policy.methods,
        policy.request_headers,
    ):
        notes["It keeps what the server allows already, as far as these exchanges show it."] = None
    return together, list(notes)


def _all(lines: Iterable[Iterable[bytes]]) -> list[str]:
    return [item for each in lines for item in _items(each)]


def _items(lines: Iterable[bytes]) -> list[str]:
    return [item for item in split_list(normalize(b", ".join(lines))) if item]


def _is_origin(text: str) -> bool:
    return text == OPAQUE or (ANY not in text and parse(text).pattern is not None)


def _is_method(text: str) -> bool:
    return text == ANY or (is_token(text) and text.upper() not in FORBIDDEN and normalize_method(text) == text)


def _is_name(text: str) -> bool:
    return text == ANY or is_askable(text)


def _is_exposed(text: str) -> bool:
    return text == ANY or (is_token(text) and text not in SAFELISTED and not text.startswith("access-control-"))
