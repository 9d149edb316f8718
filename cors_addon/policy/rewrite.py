"""An answer as a policy wants it, as pure functions over header lists.

Law 1: every line of a header that the policy owns goes, and at most one takes its place: duplicates do not survive.
Law 2: rewriting twice is rewriting once. What is kept stays in place, `Vary` is completed in place, ours come last.
Law 3: an answer that already says what the policy says is returned as it is, the same object.
Law 4: `Vary` names whatever the answer depends on, also where it says nothing: caches must not mix the two.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from cors_addon.exchange.model import Fields
from cors_addon.fetch.headers import LOWER, MAX_NAMES, is_token, normalize, split_list
from cors_addon.fetch.names import (
    ASKED_HEADERS,
    ASKED_METHOD,
    CORS_RESPONSE,
    EXPOSE_HEADERS,
    LOCAL_NETWORK,
    PRIVATE_NETWORK,
    REQUEST_HEADERS,
    REQUEST_LOCAL_NETWORK,
    REQUEST_METHOD,
    REQUEST_PRIVATE_NETWORK,
)
from cors_addon.fetch.responses import FORBIDDEN, SAFELISTED
from cors_addon.policy.model import Policy, Preflights

_ALLOW_ORIGIN, _ALLOW_CREDENTIALS, _ALLOW_METHODS, _ALLOW_HEADERS, _MAX_AGE, _EXPOSE = (
    name.encode() for name in CORS_RESPONSE
)
_PRIVATE_NETWORK, _LOCAL_NETWORK = PRIVATE_NETWORK.encode(), LOCAL_NETWORK.encode()
_VARY = b"Vary"

CORS_NAMES = frozenset(name.lower().encode() for name in (*CORS_RESPONSE, PRIVATE_NETWORK, LOCAL_NETWORK))
_MAX_KEPT = 512
_OK_WITH_BODY = 200
_BODY_NAMES = frozenset({b"content-length", b"transfer-encoding"})


class Asking(NamedTuple):
    """What a policy reads of a request."""

    origin: str | None = None
    """The serialized origin, None where the request bears none."""
    method: str | None = None
    """Access-Control-Request-Method of a preflight; None: the request is none."""
    headers: str | None = None
    """Access-Control-Request-Headers of a preflight."""
    private: bool = False
    """Access-Control-Request-Private-Network, or its later name Local-Network, is `true`."""
    local: bool = False


class _Places(dict[bytes, int]):
    """Maps a header name as received to its meaning for a policy; 0 for none."""

    def __missing__(self, name: bytes) -> int:
        if len(self) >= MAX_NAMES:
            self.clear()
        place = self[name] = _ASKING.get(name.lower(), 0)
        return place


_ASKING = {
    b"origin": 1,
    ASKED_METHOD: 2,
    ASKED_HEADERS: 3,
    REQUEST_PRIVATE_NETWORK: 4,
    REQUEST_LOCAL_NETWORK: 5,
}
_PLACES = _Places()
NOTHING = Asking()


def asking(method: bytes, fields: Fields) -> Asking:
    """Read a request. https://fetch.spec.whatwg.org/#cors-preflight-request"""
    places = _PLACES
    ours = [pair for pair in fields if places[pair[0]]]
    if not ours:
        return NOTHING
    found = {places[name]: value for name, value in ours}
    if 1 not in found:
        return NOTHING
    if method != b"OPTIONS" or 2 not in found:
        return _asking_of(found[1])
    return Asking(
        normalize(found[1]),
        normalize(found[2]),
        normalize(found[3]) if 3 in found else None,
        found.get(4) == b"true",
        found.get(5) == b"true",
    )


@lru_cache(maxsize=1024)
def _asking_of(origin: bytes) -> Asking:
    """What a request that is no preflight says."""
    return Asking(normalize(origin))


type Lines = tuple[tuple[bytes, bytes], ...]


KEPT, OWNED, VARIES = range(3)
"""What becomes of a line: nothing, it goes, it is completed."""


class _Roles(dict[bytes, int]):
    """Header names as received to what a plan makes of their lines; remembers what it has seen, within bounds."""

    def __init__(self, owned: frozenset[bytes], *, completes_vary: bool) -> None:
        self._owned, self._completes_vary = owned, completes_vary
        self.kept: set[bytes] = set()
        """Those seen of which nothing becomes: that all names of an answer are among them is soon found."""

    def __missing__(self, name: bytes) -> int:
        if len(self) >= MAX_NAMES:
            self.clear()
            self.kept.clear()
        lower = LOWER[name]
        role = OWNED if lower in self._owned else VARIES if lower == b"vary" and self._completes_vary else KEPT
        self[name] = role
        if role == KEPT:
            self.kept.add(name)
        return role


class _Plan(NamedTuple):
    """What to do to an answer."""

    roles: _Roles
    vary: tuple[str, ...]
    """What Vary must name."""
    lines: Lines
    """What is added, before the raw edits."""
    edits: Lines
    tail: Lines
    """What is added where nothing goes, and no Vary is there to be completed."""
    names_exposed: bool
    """Which headers are exposed depends on those that the answer has."""


class Rewriter:
    """Applies one policy. Pages repeat themselves, so the last plans are kept; the outcome depends on none of them."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        touched = {name.lower().encode("latin-1") for name in (*policy.sets, *policy.remove)}
        self._edited = frozenset(touched)
        self._edits: Lines = tuple(
            (name.encode("latin-1"), value.encode("utf-8")) for name, value in policy.sets.items()
        )
        self._everything = CORS_NAMES | self._edited
        self._plans: dict[tuple[Asking, bool], _Plan] = {}
        self._roles: dict[tuple[frozenset[bytes], bool], _Roles] = {}
        """Few: plans own one of two sets of names."""
        self._exposed: dict[tuple[Asking, tuple[bytes, ...]], bytes] = {}

    # ---- what glue calls ----

    def rewrite(self, asked: Asking, status: int, fields: Fields, *, lower: bool = False) -> tuple[int, Fields]:
        """Status and headers as the policy wants them; `lower` writes names in lower case, as HTTP/2 does."""
        if asked.method is None:
            return status, self.fields(asked, fields, lower=lower, not_modified=status == 304)
        if self.policy.preflight is Preflights.FORWARD or not self.policy.concerns(asked.origin):
            return status, self.fields(asked, fields, lower=lower)
        if self.policy.strips or 200 <= status <= 299:
            return status, self.fields(asked, fields, lower=lower)
        return self._made_ok(asked, status, fields, lower=lower)

    def _made_ok(self, asked: Asking, status: int, fields: Fields, *, lower: bool) -> tuple[int, Fields]:
        """A preflight's answer, with a status that browsers accept in place of its own."""
        wanted = self.policy.preflight_status
        kept = tuple(pair for pair in fields if LOWER[pair[0]] != b"location")
        if status == 304:  # had no body, whatever its headers say
            kept = tuple(pair for pair in kept if LOWER[pair[0]] not in _BODY_NAMES)
            kept += ((b"content-length" if lower else b"Content-Length", b"0"),)
        # the server's body follows, which 204 and 205 cannot have
        return (_OK_WITH_BODY if wanted in (204, 205) else wanted), self.fields(asked, kept, lower=lower)

    def answers(self, asked: Asking) -> bool:
        """Whether the proxy answers this request itself."""
        policy = self.policy
        return (
            asked.method is not None
            and policy.preflight is Preflights.ANSWER
            and policy.origins is not None
            and policy.concerns(asked.origin)
        )

    def answer(self, asked: Asking, *, lower: bool = False) -> tuple[int, Fields]:
        """The proxy's own answer to a preflight."""
        return self.policy.preflight_status, self.fields(asked, (), lower=lower)

    @property
    def may_want_fresh(self) -> bool:
        """Whether `must_be_fresh` is true for any request."""
        origins = self.policy.origins
        return not (self.policy.credentials and origins is not None and (origins.reflect or origins.any))

    def must_be_fresh(self, asked: Asking) -> bool:
        """Whether the server must not answer 304, which takes no header away from the stored answer."""
        policy = self.policy
        if asked.origin is None or asked.method is not None or not policy.concerns(asked.origin):
            return False
        # where origin and credentials are both allowed, the 304 itself says so, and what it says replaces the stored
        return not (policy.credentials and policy.origins is not None and policy.origins.allow(asked.origin))

    # ---- header lists ----

    def fields(self, asked: Asking, fields: Fields, *, lower: bool = False, not_modified: bool = False) -> Fields:
        """The header list after the policy. One of a 304 does not have all that the stored answer has."""
        key = (asked, lower)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _MAX_KEPT:
                self._plans.clear()
            plan = self._plans[key] = self._plan(asked, lower=lower)
        roles, missing, lines, edits, tail, names_exposed = plan
        if not_modified:
            names_exposed = False
        plain = roles.kept
        kept = [pair for pair in fields if pair[0] in plain]
        if len(kept) == len(fields) and not names_exposed:
            return fields + tail
        dropped = [pair for pair in fields if pair[0] not in plain and roles[pair[0]] == OWNED]
        vary = -1
        if len(kept) + len(dropped) < len(fields):  # a Vary to be completed, or a name not seen before
            kept = []
            for pair in fields:
                role = roles[pair[0]]
                if role == OWNED:
                    continue
                if role == VARIES and missing:
                    vary = len(kept)
                    missing = _not_named(pair[1], missing)
                kept.append(pair)
        if names_exposed:
            lines = self._with_exposed(asked, lines, kept, lower=lower)
        lines += edits
        if not missing and len(dropped) == len(lines) and _same(dropped, lines):
            return fields
        if missing:
            names = _names(missing)
            if vary >= 0:
                old = kept[vary]
                value = old[1].strip()
                kept[vary] = (old[0], value + b", " + names if value else names)
            else:
                kept.append((b"vary" if lower else _VARY, names))
        kept += lines
        return tuple(kept)

    def _plan(self, asked: Asking, *, lower: bool) -> _Plan:
        owned, vary, lines = self._find_plan(asked)
        lines = _lowered(lines) if lower else lines
        edits = _lowered(self._edits) if lower else self._edits
        tail = lines + edits
        if vary:
            tail = ((b"vary" if lower else _VARY, _names(vary)), *tail)
        names_exposed = (
            bool(lines)
            and asked.method is None
            and self.policy.expose_headers.reflect
            and EXPOSE_HEADERS.lower().encode() not in self._edited
        )
        return _Plan(self._roles_for(owned, completes_vary=bool(vary)), vary, lines, edits, tail, names_exposed)

    def _roles_for(self, owned: frozenset[bytes], *, completes_vary: bool) -> _Roles:
        key = owned, completes_vary
        if key not in self._roles:
            self._roles[key] = _Roles(owned, completes_vary=completes_vary)
        return self._roles[key]

    def _find_plan(self, asked: Asking) -> tuple[frozenset[bytes], tuple[str, ...], Lines]:
        """Names whose lines go, what Vary must name, and what is added."""
        policy = self.policy
        if not policy.speaks_of_cors:
            return self._edited, (), ()
        if asked.method is not None and policy.preflight is Preflights.FORWARD:
            return self._edited, (), ()
        vary = self._vary(asked)
        if not policy.concerns(asked.origin):
            return self._edited, vary, ()
        lines = [] if policy.strips else self._preflight(asked) if asked.method is not None else self._actual(asked)
        return self._everything, vary, tuple(pair for pair in lines if pair[0].lower() not in self._edited)

    def _vary(self, asked: Asking) -> tuple[str, ...]:
        policy = self.policy
        if b"vary" in self._edited or policy.strips or policy.origins is None:
            return ()
        names = ["Origin"] if policy.origins.varies else []
        if asked.method is not None:
            if policy.methods.any and policy.credentials:
                names.append(REQUEST_METHOD)
            if policy.request_headers.any and policy.credentials:
                names.append(REQUEST_HEADERS)
        return tuple(names)

    def _origin(self, asked: Asking) -> list[tuple[bytes, bytes]] | None:
        """The two headers of the CORS check; None where the origin is not allowed."""
        origins = self.policy.origins
        assert origins is not None
        if origins.any:
            return [(_ALLOW_ORIGIN, b"*")]
        if asked.origin is None or not origins.allow(asked.origin):
            return None
        lines = [(_ALLOW_ORIGIN, asked.origin.encode("latin-1"))]
        if self.policy.credentials:
            lines.append((_ALLOW_CREDENTIALS, b"true"))
        return lines

    def _actual(self, asked: Asking) -> list[tuple[bytes, bytes]]:
        lines = self._origin(asked)
        if lines is None:
            return []
        exposed = self.policy.expose_headers
        if exposed.any:
            lines.append((_EXPOSE, b"*"))
        elif exposed.listed:
            lines.append((_EXPOSE, ", ".join(exposed.listed).encode("latin-1")))
        return lines

    def _preflight(self, asked: Asking) -> list[tuple[bytes, bytes]]:
        policy = self.policy
        lines = self._origin(asked)
        if lines is None:
            return []
        methods = _granted(policy.methods.listed, policy.methods.any, asked.method, repeat=policy.credentials)
        if methods:
            lines.append((_ALLOW_METHODS, methods.encode("latin-1")))
        headers = policy.request_headers
        names = _granted(headers.listed, headers.any, asked.headers, repeat=policy.credentials)
        if names:
            lines.append((_ALLOW_HEADERS, names.encode("latin-1")))
        if policy.max_age is not None:
            lines.append((_MAX_AGE, str(policy.max_age).encode()))
        if policy.private_network and asked.private:
            lines.append((_PRIVATE_NETWORK, b"true"))
        if policy.private_network and asked.local:
            lines.append((_LOCAL_NETWORK, b"true"))
        return lines

    def _with_exposed(self, asked: Asking, lines: Lines, kept: list[tuple[bytes, bytes]], *, lower: bool) -> Lines:
        """Names what the answer has, since `*` would be no wildcard where credentials are included."""
        present = tuple([LOWER[name] for name, _ in kept])
        value = self._exposed.get((asked, present))
        if value is None:
            if len(self._exposed) >= _MAX_KEPT:
                self._exposed.clear()
            value = self._exposed[asked, present] = self._find_exposed(asked, present)
        return (*lines, (_EXPOSE.lower() if lower else _EXPOSE, value)) if value else lines

    def _find_exposed(self, asked: Asking, present: tuple[bytes, ...]) -> bytes:
        decoded = [name.decode("latin-1") for name in (*present, *(LOWER[name] for name, _ in self._edits))]
        names = [name for name in dict.fromkeys(decoded) if name not in SAFELISTED | FORBIDDEN and is_token(name)]
        if "vary" not in names and self._vary(asked):
            names.append("vary")
        return _names(sorted(name for name in names if name.encode("latin-1") not in CORS_NAMES))


def _granted(listed: tuple[str, ...], everything: bool, asked: str | None, *, repeat: bool) -> str:
    """What is granted: the names listed, `*`, or, where a `*` would be none, also those asked for."""
    if not everything:
        return ", ".join(listed)
    if not repeat:
        return ", ".join(("*", *listed))
    wanted = [name for name in split_list(asked or "") if is_token(name)]
    return ", ".join(dict.fromkeys((*wanted, *listed)))


def _lowered(lines: Lines) -> Lines:
    return tuple((name.lower(), value) for name, value in lines)


def _names(names: Iterable[str]) -> bytes:
    return ", ".join(names).encode("latin-1")


@lru_cache(maxsize=1024)
def _not_named(value: bytes, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `wanted` that a Vary line does not name; `*` names all."""
    named = {item.lower() for item in split_list(value.decode("latin-1"))}
    if "*" in named:
        return ()
    return tuple(name for name in wanted if name.lower() not in named)


def _same(old: list[tuple[bytes, bytes]], new: Lines) -> bool:
    """Whether the lines say the same, in whatever order."""
    return {(LOWER[name], value) for name, value in old} == {(LOWER[name], value) for name, value in new}
