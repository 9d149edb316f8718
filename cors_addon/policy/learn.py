"""The least policy under which recorded exchanges pass, with the traffic that each entry is for.

Law 1: one policy per origin of servers; what one exchange needs, no entry beyond it: removing any makes one fail.
Law 2: an exchange passes where the browser allows it and its page reads the headers that it could read.
Law 3: what traffic cannot tell is said, never guessed.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from cors_addon.engines.gates import GATES
from cors_addon.exchange.exposure import exposed_headers
from cors_addon.exchange.load_trials import LoadTrial
from cors_addon.exchange.model import Credentials, Fields, Judgement, Observation, Role, Verdict
from cors_addon.fetch.embedder_policy import EmbedderPolicy
from cors_addon.fetch.headers import LOWER, is_token
from cors_addon.fetch.load import Load
from cors_addon.fetch.methods import CORS_SAFELISTED, normalize_method
from cors_addon.fetch.methods import FORBIDDEN as FORBIDDEN_METHODS
from cors_addon.fetch.names import EMBEDDER_POLICY, RESOURCE_POLICY
from cors_addon.fetch.origins import OPAQUE, Url
from cors_addon.fetch.refusals import Reason
from cors_addon.fetch.requests import is_forbidden
from cors_addon.fetch.resource_policy import ResourcePolicy, permits, resource_policy
from cors_addon.fetch.responses import SAFELISTED
from cors_addon.policy.filters import of_server
from cors_addon.policy.model import Names, Policy
from cors_addon.policy.origins import ANY, REFLECT, collect, parse
from cors_addon.policy.write import write
from cors_addon.policy.written import quoted

_NOT_BY_HEADERS = frozenset(
    {
        Reason.HEADER_UNREADABLE,
        Reason.HEADERS_TOO_LARGE,
        Reason.NETWORK_ERROR,
        Reason.CAUSE_NOT_RECORDED,
        Reason.REDIRECT_URL_UNUSABLE,
        Reason.REDIRECT_SCHEME_NOT_CORS,
        Reason.REDIRECT_COUNT_EXCEEDED,
        Reason.REDIRECT_MODE_ERROR,
        Reason.REDIRECT_HAS_CREDENTIALS,
    }
)
_NOT_EXPOSED = SAFELISTED | {"origin", ANY, REFLECT}
"""Header names that a policy need not, or may not expose, beside those of CORS itself."""
_MAX_TOLD = 10
"""Things that no browser sends, of which each is named."""
_JUDGED = frozenset({Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT})


class Lesson(NamedTuple):
    """What was learned."""

    policies: tuple[Policy, ...]
    learned: int
    """Exchanges that pass under them."""
    notes: tuple[str, ...]
    """What could not be learned."""

    def text(self) -> str:
        """As a policy file."""
        learned = f"{self.learned} exchange{'' if self.learned == 1 else 's'}"
        heading = [f"Learned by cors_addon from {learned}: the least under which each of them passes."]
        if self.notes:
            heading += ["", "What the traffic could not tell:", *(f"- {note}" for note in self.notes)]
        return write(self.policies, heading)


@dataclass
class _Server:
    """What the exchanges with one server need, and the first that needed it, with their number."""

    url: Url
    filter: str
    needs: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    exchanges: int = 0
    unknown: int = 0
    """Exchanges whose credentials mode is unknown."""
    corp: ResourcePolicy = ResourcePolicy.SAME_ORIGIN
    """The least under which each load without CORS passes."""
    coep: EmbedderPolicy | None = None
    """The least under which its frames and workers are isolated as their pages demand; None where none has to be."""
    embeds: int = 0
    """Loads without CORS that its answers, as they are, keep from their pages."""

    def take(self, judgement: Judgement, origin: str) -> None:
        """Note what one exchange needs."""
        self.exchanges += 1
        self.need("origins", origin, judgement)
        method = judgement.requested_method or ""
        if method not in CORS_SAFELISTED:
            self.need("methods", method, judgement)
        for name in judgement.requested_headers:
            self.need("request-headers", name.lower(), judgement)
        if judgement.credentials is Credentials.INCLUDE:
            self.need("credentials", "", judgement)
        elif judgement.credentials is Credentials.UNKNOWN:
            self.unknown += 1
        own = judgement.observation.rewritten is None  # what a rule of ours exposed, nobody is known to need
        for name in exposed_headers(judgement) if own and judgement.verdict is Verdict.ALLOW else ():
            if name not in _NOT_EXPOSED and not name.startswith("access-control-") and is_token(name):
                self.need("expose-headers", name, judgement)

    def embed(self, judgement: Judgement, wanted: ResourcePolicy, *, stopped: bool) -> None:
        """Note a load without CORS; `stopped`: it lacks the header, or has another one."""
        order = list(ResourcePolicy)
        self.corp = max(self.corp, wanted, key=order.index)
        if stopped:
            self.need("corp", "", judgement)

    def isolate(self, judgement: Judgement) -> None:
        """Note a frame or worker that its page keeps out for its lack of an embedder policy.

        `credentialless` demands nothing of what that loads itself, where the browser knows it.
        """
        knows = GATES[judgement.engine.name].knows_credentialless
        wanted = EmbedderPolicy.CREDENTIALLESS if knows else EmbedderPolicy.REQUIRE_CORP
        self.coep = wanted if self.coep is None else max(self.coep, wanted, key=list(EmbedderPolicy).index)
        self.need("coep", "", judgement)

    def need(self, key: str, entry: str, judgement: Judgement) -> None:
        self.needs.setdefault((key, entry), []).append(_what(judgement))

    def entries(self, key: str) -> tuple[str, ...]:
        return tuple(sorted(entry for kind, entry in self.needs if kind == key))

    def policy(self, name: str) -> Policy:
        comments = {(f"{key}.{entry}" if entry else key): _seen(seen) for (key, entry), seen in self.needs.items()}
        return Policy(
            name=name,
            filter=self.filter,
            origins=collect(self.entries("origins")) if self.exchanges else None,
            corp=self.corp if ("corp", "") in self.needs else None,
            coep=self.coep,
            methods=Names(self.entries("methods")),
            request_headers=Names(self.entries("request-headers")),
            expose_headers=Names(self.entries("expose-headers")),
            credentials=("credentials", "") in self.needs,
            comments=MappingProxyType(comments),
        )


type FilterOf = Callable[[Observation], str]


def learn(judgements: Iterable[Judgement], filter_of: FilterOf | None = None) -> Lesson:
    """Learn from judged exchanges, whatever their verdict was.

    `filter_of` gives the filter for an exchange's server, where its URL does not tell what mitmproxy calls it.
    """
    servers: dict[str, _Server] = {}
    hopeless: Counter[str] = Counter()
    unusable: Counter[str] = Counter()
    for judgement in judgements:
        _take_load(judgement, servers, filter_of)
        if judgement.role not in _JUDGED or judgement.origin is None:
            continue
        if judgement.reason in _NOT_BY_HEADERS:
            hopeless[str(judgement.reason)] += 1
            continue
        what = _unusable(judgement.origin, judgement.requested_method or "", judgement.requested_headers)
        if what is not None:
            unusable[what] += 1
            continue
        _server_of(judgement, servers, filter_of).take(judgement, judgement.origin)
    servers = {origin: server for origin, server in servers.items() if server.exchanges or server.embeds}
    return Lesson(
        tuple(_policies(servers)),
        sum(server.exchanges + server.embeds for server in servers.values()),
        tuple(_notes(servers, hopeless, unusable)),
    )


def _policies(servers: dict[str, _Server]) -> Iterable[Policy]:
    names = Counter(map(host_of, servers))
    for origin, server in servers.items():
        yield server.policy(origin if names[host_of(origin)] > 1 else host_of(origin))


def host_of(origin: str) -> str:
    """The host, and the port where it has one: what a policy is called, unless two servers differ in the scheme."""
    return origin.partition("://")[2]


def _server_of(judgement: Judgement, servers: dict[str, _Server], filter_of: FilterOf | None) -> _Server:
    url = judgement.observation.url
    server = servers.get(url.origin)
    if server is None:
        expression = of_server(url) if filter_of is None else filter_of(judgement.observation)
        server = servers[url.origin] = _Server(url, expression)
    return server


def _take_load(judgement: Judgement, servers: dict[str, _Server], filter_of: FilterOf | None) -> None:
    """Note what a load without CORS needs of its server; what passes as it is still has to."""
    fate = judgement.fate
    if fate is None or fate.load.mode == "cors":
        return
    wanted = next(each for each in ResourcePolicy if permits(each, fate.load.origin, fate.load.url, fate.load.site))
    header = None if fate.block is None else fate.block.header
    if header == EMBEDDER_POLICY:
        server = _server_of(judgement, servers, filter_of)
        server.embeds += 1
        server.isolate(judgement)
        server.embed(judgement, wanted, stopped=_is_stopped_next(judgement.observation, fate.load, wanted))
        return
    stopped = header == RESOURCE_POLICY
    if stopped or (fate.block is None and _is_asked(fate.load) and wanted is not ResourcePolicy.SAME_ORIGIN):
        server = _server_of(judgement, servers, filter_of)
        server.embeds += stopped
        server.embed(judgement, wanted, stopped=stopped)


def _is_stopped_next(observation: Observation, load: Load, wanted: ResourcePolicy) -> bool:
    """Whether a frame lacks the resource policy that its page asks for, too."""
    own = resource_policy(observation.response)
    passes = own is not None and permits(own, load.origin, load.url, load.site)
    return load.frame and wanted is not ResourcePolicy.SAME_ORIGIN and not passes


def _is_asked(load: Load) -> bool:
    """Whether the resource policy has a say: of what is navigated to, only in a frame whose page demands policies.

    https://fetch.spec.whatwg.org/#cross-origin-resource-policy-internal-check
    """
    return load.mode == "no-cors" or (load.frame and load.page is not None and load.page.embedder.isolates)


def every_load() -> LoadTrial:
    """To be tried on a recording, so that each load that crosses origins is told, whatever became of it."""

    def refusing(observation: Observation) -> Fields:
        named = RESOURCE_POLICY.lower().encode()
        kept = tuple(pair for pair in observation.response if LOWER[pair[0]] != named)
        return (*kept, (named, ResourcePolicy.SAME_ORIGIN.value.encode()))

    return LoadTrial(every_load, refusing)


def _notes(servers: dict[str, _Server], hopeless: Counter[str], unusable: Counter[str]) -> Iterable[str]:
    for reason, number in hopeless.items():
        yield f"{number} × {reason}: no CORS header can make these pass"
    for what in list(unusable)[:_MAX_TOLD]:
        yield f"{unusable.pop(what)} × {what}: no browser sends it, and no policy may name it"
    if unusable:
        yield f"{unusable.total()} more × what no browser sends"
    for origin, server in servers.items():
        if server.unknown and ("credentials", "") not in server.needs:
            yield (
                f"whether {server.unknown} exchange{'' if server.unknown == 1 else 's'} with {origin} included"
                " credentials: none were seen; add"
                " `credentials: true` if the page says so"
            )
        if server.coep is not None:
            yield (
                f"what the frames and workers of {origin} load themselves, once they have `coep`: try it in the shadow"
            )
        if ("corp", "") in server.needs:
            yield f"whether pages of other sites load from {origin} without CORS: `corp` is for those that were seen"
        if not server.exchanges:
            continue
        if not server.entries("expose-headers"):
            yield f"which response headers of {origin} the page would read: it could read none beyond the safelisted"
        else:
            yield f"whether the page of {origin} does read the exposed headers: it could"
    if any(server.exchanges for server in servers.values()):
        yield "how long preflights may be cached: max-age is left at the browsers' 5 s"


def _unusable(origin: str, method: str, names: Iterable[str]) -> str | None:
    """The part of a request that no browser sends, and no policy may name; None where all is well."""
    if origin != OPAQUE and (ANY in origin or parse(origin).pattern is None):
        return f"the origin {quoted(origin)}"
    if not _is_askable_method(method):
        return f"the method {quoted(method)}"
    return next((f"the header {quoted(name)}" for name in names if not is_askable(name.lower())), None)


def _is_askable_method(method: str) -> bool:
    return (
        is_token(method)
        and method != ANY
        and method.upper() not in FORBIDDEN_METHODS
        and normalize_method(method) == method
    )


def is_askable(name: str) -> bool:
    """Whether pages may send a request header of this name, in lower case, and a policy may name it."""
    return is_token(name) and name != ANY and not is_forbidden(name) and not name.startswith("access-control-")


def _what(judgement: Judgement) -> str:
    url = judgement.observation.url
    method = judgement.requested_method or judgement.observation.method.decode("latin-1")
    preflight = "preflight for " if judgement.role is Role.PREFLIGHT else ""
    return f"{preflight}{method} {url.path.partition('?')[0]}"


def _seen(seen: list[str]) -> str:
    different = list(dict.fromkeys(seen))
    more = len(seen) - 1
    first = different[0] if len(different[0]) <= 80 else different[0][:79] + "…"
    return first if not more else f"{first} and {more} more"
