"""What is right key by key in a policy, and wrong together.

As jub0bs/cors judges configurations: what can never work, or would open more than anybody means to, is an error.
"""

from ruamel.yaml.nodes import Node, SequenceNode

from cors_addon.fetch.names import EMBEDDER_POLICY, OPENER_POLICY, RESOURCE_POLICY
from cors_addon.fetch.origins import OPAQUE, is_loopback
from cors_addon.policy import origins as origin_entries
from cors_addon.policy.faults import FaultList
from cors_addon.policy.filters import Filters
from cors_addon.policy.model import Mode, Others, Policy, Preflights, Preset
from cors_addon.policy.origins import Origins
from cors_addon.policy.rewrite import CORS_NAMES
from cors_addon.policy.written import Written

_DECIDING = ("methods", "request-headers", "expose-headers", "credentials", "max-age", "private-network")
_OF_LOADS = {"corp": RESOURCE_POLICY, "coep": EMBEDDER_POLICY, "coop": OPENER_POLICY}
"""Keys of their own that set one header each."""
_OF_PREFLIGHTS = ("methods", "request-headers", "max-age", "private-network", "preflight-status")


def check(written: Written, policy: Policy) -> None:
    """Tell what is wrong with one policy, which was read from `written`."""
    said = [key for key in _DECIDING if key in written]
    if policy.strips:
        _strip(written, policy, said)
    elif policy.origins is None:
        _without_origins(written, policy, said)
    elif isinstance(node := written.values.get("origins"), SequenceNode) and not node.value:
        written.faults.warning(node, "no-origins", "an empty list of origins refuses every origin")
    if policy.origins is not None:
        _any_origin(written, policy, policy.origins)
        _single_origins(written, policy, policy.origins)
        _no_effect(written, policy, policy.origins)
    if policy.preset is Preset.STRICT:
        _strict(written, policy)
    _set_twice(written, policy)
    if policy.speaks_of_cors:
        _overridden(written, policy)


def check_order(found: list[tuple[Node, Policy]], faults: FaultList) -> None:
    """Warn of policies that are never reached, because an earlier one matches everything that they match."""
    # each policy in shadow is tried on its own, and mere edits come on top
    tried = [(node, policy) for node, policy in found if policy.mode is Mode.REWRITE and policy.speaks_of_cors]
    known = Filters()
    for node, policy in tried:
        place = known.first_implied_by(policy.filter)
        known.append(policy.filter)
        if place is None:
            continue
        earlier_node, earlier = tried[place]
        faults.policy = policy.name
        words = (
            f"it is never reached: {earlier.name!r} in line {earlier_node.start_mark.line + 1} matches all "
            f"that it matches ({earlier.filter or 'no filter'}), and the first match wins"
        )
        faults.warning(node, "unreachable", words)


def _strip(written: Written, policy: Policy, said: list[str]) -> None:
    for key in ("origins", "other-origins", *said):
        if key in written:
            words = f"`preset: strip` takes all away: {key} has no effect"
            written.faults.error(written.keys[key], "strip-with-grant", words)
    if policy.preflight is Preflights.ANSWER:
        words = "`strip` shows what the server does without CORS: rewrite its preflight answer, or forward it"
        written.faults.error(written.values["preflight"], "strip-answers", words)


def _without_origins(written: Written, policy: Policy, said: list[str]) -> None:
    if "preset" in written and policy.preset is None:
        return  # what it would have said is not known
    if said:
        written.faults.error(written.keys[said[0]], "no-origins", f"{said[0]} has no effect without `origins`")
    elif not any(written.values[key].value for key in (*_OF_LOADS, "set", "remove") if key in written):
        words = "it says nothing: give it `origins`, a `preset`, `corp`, `coep`, `coop`, `set` or `remove`"
        written.faults.error(written.node, "does-nothing", words)


def _any_origin(written: Written, policy: Policy, origins: Origins) -> None:
    """Credentials together with wildcards."""
    if not policy.credentials:
        return
    where = written.values.get("credentials") or written.values.get("origins") or written.values.get("preset")
    if origins.any and where is not None:
        written.faults.error(
            written.entry("origins", "*") or where,
            "credentials-with-wildcard-origin",
            "browsers refuse `*` where credentials are included: list the origins, or write `reflect` if every "
            "site may act as the user",
        )
    if origins.reflect and policy.preset is not Preset.ALLOW:
        written.faults.warning(
            written.entry("origins", "reflect") or written.place("credentials"),
            "credentials-for-any-origin",
            "`reflect` with credentials lets every site act as the user: keep it to your own machine",
        )
    if policy.expose_headers.any:
        written.faults.error(
            written.entry("expose-headers", "*") or written.place("credentials"),
            "credentials-with-wildcard-expose",
            "`*` is a literal name where credentials are included: list the headers, or write `reflect`",
        )


def _single_origins(written: Written, policy: Policy, origins: Origins) -> None:
    """Listed origins that somebody else can take on."""
    if policy.credentials or policy.private_network:
        what = "credentials" if policy.credentials else "private-network"
        for entry in origins.listed:
            if _is_insecure(entry):
                written.faults.warning(
                    written.entry("origins", entry) or written.place(what),
                    "insecure-origin",
                    f"{entry} can be forged by anyone on the network, and gets {what}: use https",
                )
    if origins.null and policy.credentials:
        written.faults.warning(
            written.entry("origins", OPAQUE) or written.place("credentials"),
            "null-with-credentials",
            "any site can make requests of the origin null (a sandboxed frame), and would act as the user",
        )


def _is_insecure(entry: str) -> bool:
    """Whether somebody else can answer for an origin, or some of a pattern's."""
    pattern = origin_entries.parse(entry).pattern if "://" in entry else None
    return pattern is not None and pattern.scheme == "http" and not is_loopback(pattern.host)


def _no_effect(written: Written, policy: Policy, origins: Origins) -> None:
    if policy.preflight is Preflights.FORWARD:
        for key in _OF_PREFLIGHTS:
            if key in written:
                words = f"{key} is said in preflights only, and `preflight: forward` leaves those to the server"
                written.faults.warning(written.keys[key], "no-effect", words)
    if policy.others is Others.KEEP and (origins.any or origins.reflect):
        words = "there are no other origins: all are listed"
        written.faults.warning(written.place("other-origins"), "no-effect", words)


def _strict(written: Written, policy: Policy) -> None:
    for key, names in (
        ("methods", policy.methods),
        ("request-headers", policy.request_headers),
        ("expose-headers", policy.expose_headers),
    ):
        if names.any or names.reflect:
            words = f"`preset: strict` has no wildcards: list {key}"
            written.faults.error(written.values[key], "strict-with-wildcard", words)
    if policy.origins is None:
        return
    for entry in policy.origins.listed:
        if "*" in entry or entry in (origin_entries.REFLECT, OPAQUE):
            node = written.entry("origins", entry) or written.values["origins"]
            words = f"`preset: strict` takes exact origins only, not {entry}"
            written.faults.error(node, "strict-with-wildcard", words)


def _set_twice(written: Written, policy: Policy) -> None:
    for key, header in _OF_LOADS.items():
        for other, names in (("set", policy.set), ("remove", policy.remove)) if key in written else ():
            if header.lower() in (name.lower() for name in names):
                words = f"{other} {header} and {key} are about the same header: keep one of them"
                written.faults.error(written.keys[other], "edit-twice", words)


def _overridden(written: Written, policy: Policy) -> None:
    for key, names in (("set", policy.set), ("remove", policy.remove)):
        for name in names:
            if name.lower().encode() in CORS_NAMES or name.lower() == "vary":
                words = f"{key} {name} comes last, and so overrides what this policy says of CORS"
                written.faults.warning(written.keys[key], "edit-overrides-policy", words)
