"""Policies as a file: what `cors.policy.save` and learning write, and `read` reads again as the same policies."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cors_addon.fetch.headers import visible
from cors_addon.fetch.patterns import pattern
from cors_addon.policy.model import Mode, Names, Others, Policy, Preflights, Preset, preset

_PLAIN = pattern(r"[A-Za-z/][A-Za-z0-9 ._/+-]*(?<! )|https?://[a-z0-9.-]+(:[0-9]+)?")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"})


def write(policies: Iterable[Policy], heading: Sequence[str] = ()) -> str:
    """The text of a policy file; `heading` is written as comments above it."""
    lines = [f"# {visible(line)}".rstrip() for line in heading]
    lines.append("policies:")
    empty = True
    for policy in policies:
        empty = False
        lines += ["  " + line if line else "" for line in _policy(policy)]
    if empty:
        lines[-1] += " []"
    return "\n".join(lines) + "\n"


def scalar(text: str) -> str:
    """Text as YAML, quoted where it must be."""
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return _quoted(text)


def _quoted(text: str) -> str:
    """In double quotes, where a character that YAML takes for an end of line, or for none, is escaped."""
    return visible(json.dumps(text, ensure_ascii=False))


def _policy(policy: Policy) -> list[str]:
    base = Policy(name="") if policy.preset is None else preset(policy.preset)
    comments = policy.comments
    head = [f"# {visible(line)}".rstrip() for line in comments.get("", "").splitlines()]
    lines: list[str] = []
    for key, value in (*_words(policy), *_grants(policy, base)):
        lines += _pair(key, value, comments)
    for key, value in _embedding(policy):
        lines += _pair(key, value, comments)
    if policy.set:
        lines.append("set:")
        lines += [f"  {scalar(name)}: {_quoted(value)}" for name, value in policy.set.items()]
    if policy.remove:
        lines += _pair("remove", policy.remove, comments)
    return head + [("- " if index == 0 else "  ") + line for index, line in enumerate(lines)]


def _pair(key: str, value: str | Sequence[str], comments: Mapping[str, str]) -> list[str]:
    """The lines of a key: a list takes one for each entry where an entry has a comment."""
    after = _comment(comments, key)
    if isinstance(value, str):
        return [f"{key}: {value}{after}"]
    if not any(f"{key}.{entry}" in comments for entry in value):
        return [f"{key}: [{', '.join(map(scalar, value))}]{after}"]
    return [f"{key}:{after}", *(f"  - {scalar(entry)}{_comment(comments, f'{key}.{entry}')}" for entry in value)]


def _comment(comments: Mapping[str, str], key: str) -> str:
    comment = comments.get(key)
    return f"  # {visible(comment)}" if comment else ""


def _words(policy: Policy) -> Iterator[tuple[str, str]]:
    """What it is called, and when it applies."""
    yield "name", scalar(policy.name)
    if policy.filter:
        yield "filter", scalar(policy.filter)
    if policy.mode is not Mode.REWRITE:
        yield "mode", json.dumps(policy.mode.value) if policy.mode is Mode.OFF else policy.mode.value
    if policy.preset is not None:
        yield "preset", policy.preset.value


def _grants(policy: Policy, base: Policy) -> Iterator[tuple[str, str | Sequence[str]]]:
    """What it says of CORS beyond its preset, `base`."""
    if policy.origins is not None and policy.origins != base.origins:
        yield "origins", policy.origins.listed
    if policy.others is Others.KEEP:
        yield "other-origins", policy.others.value
    for key, names, usual in (
        ("methods", policy.methods, base.methods),
        ("request-headers", policy.request_headers, base.request_headers),
        ("expose-headers", policy.expose_headers, base.expose_headers),
    ):
        if names != usual:
            yield key, _entries(names)
    for key, value, by_default in (
        ("credentials", policy.credentials, base.credentials),
        ("max-age", policy.max_age, base.max_age),
        ("private-network", policy.private_network, base.private_network),
        ("preflight", policy.preflight, base.preflight),
        ("preflight-status", policy.preflight_status, base.preflight_status),
    ):
        if value != by_default and value is not None:
            yield key, str(value).lower()


def _embedding(policy: Policy) -> Iterator[tuple[str, str]]:
    """What it says of pages that load from elsewhere."""
    for key, value in (("corp", policy.corp), ("coep", policy.coep), ("coop", policy.coop)):
        if value is not None:
            yield key, value.value


def _entries(names: Names) -> list[str]:
    return [*(["*"] if names.any else []), *(["reflect"] if names.reflect else []), *names.listed]


def summary(policy: Policy) -> str:
    """One line: what it does, for lists of rules."""
    parts = [policy.mode.value if policy.preset is None else f"{policy.mode.value} {policy.preset.value}"]
    parts.append(f"for {' '.join(policy.filter.split()) or 'all requests'}")
    parts += _grants_in_short(policy)
    if policy.speaks_of_cors and not (policy.strips and policy.preflight is Preflights.REWRITE):
        parts.append(f"preflights: {policy.preflight.value}")
    parts += [f"{key} {value}" for key, value in _embedding(policy)]
    parts += [f"set {name}: {value}" for name, value in policy.set.items()]
    parts += [f"remove {name}" for name in policy.remove]
    return visible(" · ".join(parts))


def _grants_in_short(policy: Policy) -> Iterator[str]:
    if policy.origins is None:
        return
    origins = " ".join(policy.origins.listed) or "no origin"
    yield f"origins {origins}" + (", others as the server says" if policy.others is Others.KEEP else "")
    if policy.preset is not Preset.ALLOW:
        for what, names in (
            ("methods", policy.methods),
            ("request headers", policy.request_headers),
            ("exposed", policy.expose_headers),
        ):
            if names != Names():
                yield f"{what} {' '.join(_entries(names))}"
    if policy.credentials:
        yield "credentials"
