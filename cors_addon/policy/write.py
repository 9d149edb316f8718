"""Policies as a file: what `cors.policy.save` and learning write, and `read` reads again as the same policies."""

import json
import re
from collections.abc import Iterable, Sequence

from cors_addon.policy.model import Mode, Names, Others, Policy, Preflights, Preset, preset
from cors_addon.reasons.model import printable

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9 ._/+-]*(?<! )|https?://[a-z0-9.-]+(:[0-9]+)?")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"})


def write(policies: Iterable[Policy], heading: Sequence[str] = ()) -> str:
    """The text of a policy file; `heading` is written as comments above it."""
    lines = [f"# {line}".rstrip() for line in heading]
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
    return json.dumps(text, ensure_ascii=False)


def _policy(policy: Policy) -> list[str]:
    base = Policy(name="") if policy.preset is None else preset(policy.preset)
    comments = policy.comments
    lines: list[str] = []
    for line in comments.get("", "").splitlines():
        lines.append(f"# {line}".rstrip())
    head = len(lines)

    def put(key: str, value: str) -> None:
        comment = comments.get(key)
        lines.append(f"{key}: {value}" + (f"  # {comment}" if comment else ""))

    def put_list(key: str, entries: Sequence[str]) -> None:
        noted = any(f"{key}.{entry}" in comments for entry in entries)
        if not noted:
            put(key, "[" + ", ".join(map(scalar, entries)) + "]")
            return
        comment = comments.get(key)
        lines.append(f"{key}:" + (f"  # {comment}" if comment else ""))
        for entry in entries:
            comment = comments.get(f"{key}.{entry}")
            lines.append(f"  - {scalar(entry)}" + (f"  # {comment}" if comment else ""))

    put("name", scalar(policy.name))
    if policy.filter:
        put("filter", scalar(policy.filter))
    if policy.mode is not Mode.REWRITE:
        put("mode", json.dumps(policy.mode.value) if policy.mode is Mode.OFF else policy.mode.value)
    if policy.preset is not None:
        put("preset", policy.preset.value)
    if policy.origins is not None and policy.origins != base.origins:
        put_list("origins", policy.origins.listed)
    if policy.others is Others.KEEP:
        put("other-origins", policy.others.value)
    for key, names, usual in (
        ("methods", policy.methods, base.methods),
        ("request-headers", policy.request_headers, base.request_headers),
        ("expose-headers", policy.expose_headers, base.expose_headers),
    ):
        if names != usual:
            put_list(key, _entries(names))
    if policy.credentials != base.credentials:
        put("credentials", "true" if policy.credentials else "false")
    if policy.max_age != base.max_age and policy.max_age is not None:
        put("max-age", str(policy.max_age))
    if policy.private_network != base.private_network:
        put("private-network", "true" if policy.private_network else "false")
    if policy.preflight is not base.preflight:
        put("preflight", policy.preflight.value)
    if policy.preflight_status != base.preflight_status:
        put("preflight-status", str(policy.preflight_status))
    if policy.set:
        lines.append("set:")
        lines += [f"  {scalar(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in policy.set.items()]
    if policy.remove:
        put_list("remove", policy.remove)
    return lines[:head] + [("- " if index == 0 else "  ") + line for index, line in enumerate(lines[head:])]


def _entries(names: Names) -> list[str]:
    return [*(["*"] if names.any else []), *(["reflect"] if names.reflect else []), *names.listed]


def summary(policy: Policy) -> str:
    """One line: what it does, for lists of rules."""
    parts = [policy.mode.value if policy.preset is None else f"{policy.mode.value} {policy.preset.value}"]
    parts.append(f"for {' '.join(policy.filter.split()) or 'all requests'}")
    if policy.origins is not None:
        origins = " ".join(policy.origins.listed) or "no origin"
        parts.append(f"origins {origins}" + (", others as the server says" if policy.others is Others.KEEP else ""))
        if policy.preset is not Preset.ALLOW:
            for what, names in (
                ("methods", policy.methods),
                ("request headers", policy.request_headers),
                ("exposed", policy.expose_headers),
            ):
                if names != Names():
                    parts.append(f"{what} {' '.join(_entries(names))}")
        if policy.credentials:
            parts.append("credentials")
    if policy.speaks_of_cors and not (policy.strips and policy.preflight is Preflights.REWRITE):
        parts.append(f"preflights: {policy.preflight.value}")
    parts += [f"set {name}: {value}" for name, value in policy.set.items()]
    parts += [f"remove {name}" for name in policy.remove]
    return printable(" · ".join(parts))
