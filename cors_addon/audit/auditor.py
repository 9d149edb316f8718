"""The auditor: judgements in, findings out. Passive: it looks at what the traffic shows, and sends nothing.

Law 1: it is about the server. Where a policy rewrote the answer, the server's own is looked at.
Law 2: a finding is attached to the exchange that shows it; what takes several exchanges, to the one that completes the
evidence and to each after it.
Law 3: in doubt, nothing is found: an answer that refuses (403, a failed preflight) grants nothing, and sites that could
belong together do.
Law 4: sans-IO, and what is remembered is bounded: endpoints, and sites and origins of each.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

from cors_addon.audit import hosts, private_answers
from cors_addon.exchange.model import ALLOW, Credentials, Fields, Judgement, PreflightState, Role, Verdict
from cors_addon.exchange.request_headers import is_preflight, read_request
from cors_addon.exchange.response_headers import read_response
from cors_addon.exchange.shelf import Shelf
from cors_addon.exchange.writing import note_findings
from cors_addon.fetch.freshness import lifetime
from cors_addon.fetch.headers import get
from cors_addon.fetch.load import Block
from cors_addon.fetch.origins import OPAQUE, Url, parse_url
from cors_addon.reasons.assumptions import Assumption
from cors_addon.reasons.finding import Finding, FindingName
from cors_addon.reasons.findings import FINDINGS
from cors_addon.reasons.model import Facts

MAX_ENDPOINTS = 2000
MAX_EACH = 4
"""Sites, and origins, remembered of one endpoint."""
MAX_LENGTH = 256
"""Of a path, an origin or a value: longer ones are cut, or passed over."""

_OF_ONE = 768
"""Bytes of an endpoint of which nothing was seen."""
_OF_A_TEXT = 64

OF_SEVERAL = frozenset({FindingName.UNRELATED_ORIGINS_WITH_CREDENTIALS, FindingName.VARY_ORIGIN_MISSING})
"""Findings that more than one exchange may be needed for."""

_ORDER = {name: number for number, name in enumerate(FINDINGS)}
_TELLING = 4
"""Letters from which on a name within another is no chance."""
_OK, _FORBIDDEN = 200, 403
_CORS = frozenset({Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT, Role.NON_BROWSER})
_MAY_BE_CACHED = (b"GET", b"HEAD")
_MAY_BE_NO_CORS = frozenset({Assumption.CORS_MODE, Assumption.EXTENSION})

type _Key = tuple[str, str, int, str]


class _Endpoint:
    """What is remembered of one URL without its query."""

    __slots__ = ("refuses", "showed", "sites", "values")

    def __init__(self) -> None:
        self.sites: dict[str, str] = {}
        """Sites foreign to the server and to each other that it allowed with credentials, with an origin of each."""
        self.refuses = False
        """It refused a foreign site: there is a list."""
        self.showed = False
        """Several answers together showed something."""
        self.values: dict[str, str] = {}
        """By the Origin of a request: the Access-Control-Allow-Origin of its answer, empty where there was none."""

    @property
    def weight(self) -> int:
        """Bytes that are kept of it."""
        return _OF_ONE + sum(
            2 * _OF_A_TEXT + len(key) + len(value) for kept in (self.sites, self.values) for key, value in kept.items()
        )


def _tell_no_more(one: _Endpoint, other: _Endpoint) -> bool:
    """Whether what was seen of an endpoint at two times shows nothing more together."""
    return not (
        one.showed
        or other.showed
        or len({*one.sites, *other.sites}) > 1
        or len({*one.values.values(), *other.values.values()}) > 1
    )


class Auditor:
    """Looks at judgements one after the other, and remembers of each server what a single one cannot show."""

    def __init__(self, site: Callable[[str], str]) -> None:
        """`site` maps a host to its registrable domain."""
        self._site = site
        self._endpoints: Shelf[_Key, _Endpoint] = Shelf(MAX_ENDPOINTS)
        self._granting = lru_cache(maxsize=1024)(self._find_granting)
        self._foreign_site = lru_cache(maxsize=1024)(self._find_foreign_site)

    def __getstate__(self) -> dict[str, object]:
        """What was remembered of endpoints."""
        return {name: getattr(self, name) for name in ("_site", "_endpoints")}

    def __setstate__(self, state: dict[str, object]) -> None:
        """As it was."""
        self.__dict__.update(state)
        self._granting = lru_cache(maxsize=1024)(self._find_granting)
        self._foreign_site = lru_cache(maxsize=1024)(self._find_foreign_site)

    def may_join(self, later: "Auditor") -> bool:
        """Whether another, which began with nothing, found of later traffic what this would have found."""
        known, theirs = self._endpoints, later._endpoints
        if known.forgot or theirs.forgot or len(known.keys() | theirs.keys()) > MAX_ENDPOINTS:
            return False
        return all(_tell_no_more(known[key], theirs[key]) for key in known.keys() & theirs.keys())

    def join(self, later: "Auditor") -> None:
        """Remember what another remembers of later traffic, which `may_join`."""
        for key, theirs in later._endpoints.items():
            own = self._endpoints.get(key, theirs)
            own.refuses |= theirs.refuses
            own.sites = own.sites or theirs.sites
            own.values = dict([*(own.values | theirs.values).items()][:MAX_EACH])
            self._keep(key, own)

    def audit(self, judgement: Judgement) -> None:
        """Store the findings on the judgement. Most have none, and are left unchanged."""
        if judgement.revision == 1 and judgement.verdict is ALLOW and judgement.origin is not None:
            observation = judgement.observation
            fields = observation.response if observation.rewritten is None else own_answer(judgement)[1]
            if read_response(fields).only_allows == judgement.origin:
                return  # as `findings` would find
        found = self.findings(judgement)
        if found != judgement.findings:
            note_findings(judgement, found)

    def findings(self, judgement: Judgement) -> tuple[Finding, ...]:
        """The findings of one exchange, the most serious first. It runs for every exchange, so it has to be quick."""
        role, observation = judgement.role, judgement.observation
        status, fields = observation.status, observation.response
        if observation.rewritten is not None:
            status, fields = own_answer(judgement)
        if status is None or role is Role.WEBSOCKET:
            return ()
        if judgement.revision > 1:
            return _revised(judgement, status)
        read = read_response(fields)
        value = read.allow_origin
        preflight = role is Role.PREFLIGHT or (role is Role.NON_BROWSER and _reads_as_preflight(judgement))
        found: tuple[Finding, ...] = ()
        if (read.credentialed or value == "*") and len(value) <= MAX_LENGTH and grants(status, preflight=preflight):
            found = self._granting(value, observation.url.scheme, observation.url.host)
        if role is Role.ACTUAL and judgement.verdict is Verdict.DENY:
            found += _accepted(judgement, status)
        if value == "*" and not preflight:
            found += _private(judgement, self._site)
        if judgement.fate is not None and judgement.fate.reported is not None:
            found += (_not_ready(judgement.fate.reported),)
        origin = judgement.origin
        if origin is not None and value != "*" and role in _CORS and len(origin) <= MAX_LENGTH:
            found += self._compared(judgement, origin, preflight=preflight)
        return found if len(found) < 2 else gravest_first(found)

    def _compared(self, judgement: Judgement, origin: str, *, preflight: bool) -> tuple[Finding, ...]:
        """Findings that come from comparing this answer with those to other origins."""
        status, fields = own_answer(judgement)
        assert status is not None
        read, observation = read_response(fields), judgement.observation
        url, well = observation.url, 200 <= status <= 299
        site = self._foreign_site(origin, url.host)
        found: tuple[Finding, ...] = ()
        if site:
            if read.allow_origin == origin:
                if read.credentialed and grants(status, preflight=preflight):
                    found = self._allowed(self._endpoint(url), site, origin, url.host)
            elif well or status == _FORBIDDEN:
                # a redirect, an error or a 304 without the header may know nothing of a list
                self._endpoint(url).refuses = True
        if not read.varies and well and not preflight and observation.method in _MAY_BE_CACHED:
            found += _varies(self._endpoint(url), origin, read.allow_origin, judgement)
        return found

    # -- one answer by itself --------------------------------------------------------------------------------------

    def _find_granting(self, origin: str, scheme: str, host: str) -> tuple[Finding, ...]:
        """Findings of an answer that allows `origin` with credentials, or allows all origins."""
        if origin == "*":
            return (Finding(FindingName.PRIVATE_SERVER_OPEN_TO_ALL),) if hosts.is_private(host) else ()
        if origin == OPAQUE:
            return (Finding(FindingName.NULL_ORIGIN_WITH_CREDENTIALS),)
        allowed = parse_url(origin)
        if allowed is None or allowed.origin != origin or "*" in origin:
            return ()  # no browser ever asks with it
        if hosts.is_local(allowed.host):
            return () if hosts.is_local(host) else (Finding(FindingName.LOCAL_ORIGIN_WITH_CREDENTIALS, origin),)
        found: tuple[Finding, ...] = ()
        if self._is_lookalike(allowed.host, host):
            found = (Finding(FindingName.LOOKALIKE_ORIGIN_WITH_CREDENTIALS, origin),)
        if scheme == "https" and allowed.scheme == "http":
            found += (Finding(FindingName.INSECURE_ORIGIN_WITH_CREDENTIALS, origin),)
        return found

    def _is_lookalike(self, host: str, server: str) -> bool:
        """Whether a host contains the server's registrable domain without being of it."""
        if hosts.is_address(host) or hosts.is_address(server):
            return False
        domain, site = self._site(server), self._site(host)
        if "." not in domain or domain not in host:
            return False
        if len(domain.partition(".")[0]) < _TELLING and f".{domain}" not in f".{host}":
            return False  # netflix.com means nothing by x.com
        # example.com.au and example.community are most often of whoever has example.com
        return site.partition(".")[0] != domain.partition(".")[0]

    # -- several answers -------------------------------------------------------------------------------------------

    def _allowed(self, endpoint: _Endpoint, site: str, origin: str, server: str) -> tuple[Finding, ...]:
        """A foreign site was allowed with credentials."""
        name = FindingName.UNRELATED_ORIGINS_WITH_CREDENTIALS
        if hosts.is_probe(site) or (hosts.is_reserved(site) and not hosts.is_for_tests(server)):
            return (Finding(name, origin),)
        sites = endpoint.sites
        if len(sites) < MAX_EACH and not any(
            _related(site, other) or _names(origin, other) or _names(theirs, site) for other, theirs in sites.items()
        ):
            sites[site] = origin
        if len(sites) < 2 or endpoint.refuses:
            return ()
        endpoint.showed = True
        return (Finding(name, ", ".join(sites.values())),)

    def _endpoint(self, url: Url) -> _Endpoint:
        key = (url.scheme, url.host, url.port, url.path.partition("?")[0][:MAX_LENGTH])
        endpoint = self._endpoints.get(key)
        if endpoint is None:
            endpoint = _Endpoint()
        self._keep(key, endpoint)  # what is seen of it now counts when it is seen again
        return endpoint

    def _keep(self, key: _Key, endpoint: _Endpoint) -> None:
        _, host, _, path = key
        self._endpoints.keep(key, endpoint, endpoint.weight + len(host) + len(path))

    @property
    def weight(self) -> int:
        """Bytes that are kept."""
        return self._endpoints.weight

    def keep_within(self, most: int) -> None:
        """Keep no more than so many bytes."""
        self._endpoints.keep_within(most)

    def _find_foreign_site(self, origin: str, server: str) -> str | None:
        """The site of an origin; None where it could be the server's own, or is in no site that anybody may visit."""
        url = parse_url(origin)
        if url is None or hosts.is_local(url.host) or hosts.is_local(server):
            return None
        site, own = self._site(url.host), self._site(server)
        return None if _related(site, own) or _names(url.host, own) else site


def _related(site: str, other: str) -> bool:
    """Whether two registrable domains may well have one owner: shop.com, shop.de, shop-preview.net."""
    if hosts.is_address(site) or hosts.is_address(other):
        return site == other
    one, two = sorted((site.partition(".")[0], other.partition(".")[0]), key=len)
    return one == two or (len(one) > 2 and one in two)


def _names(text: str, site: str) -> bool:
    """Whether a host bears the name of a site, as a preview of a page does: shop-git-main.host.app."""
    label = site.partition(".")[0]
    return len(label) >= _TELLING and label in text


# -- the answer --------------------------------------------------------------------------------------------------------


def own_answer(judgement: Judgement) -> tuple[int | None, Fields]:
    """Status and header list as the server sent them."""
    observation = judgement.observation
    if observation.rewritten is None:
        return observation.status, observation.response
    _, status, fields = observation.rewritten
    return status, fields


def grants(status: int, *, preflight: bool) -> bool:
    """Whether an answer with this status can grant access: a refusal grants nothing, whatever its headers say."""
    return 200 <= status <= 299 if preflight else status != _FORBIDDEN


def gravest_first(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings from the most serious to the least."""
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.name]))


def _revised(judgement: Judgement, status: int) -> tuple[Finding, ...]:
    """The findings of a revision: the answer is the same, only the verdict may have changed."""
    if judgement.role is not Role.ACTUAL:
        return judgement.findings
    found = tuple(each for each in judgement.findings if each.name is not FindingName.DENIED_YET_ACCEPTED)
    return found + _accepted(judgement, status) if judgement.verdict is Verdict.DENY else found


def _private(judgement: Judgement, site: Callable[[str], str]) -> tuple[Finding, ...]:
    """The finding for an answer that a login gave, and that every page may load."""
    status, fields = own_answer(judgement)
    observation = judgement.observation
    origin = judgement.origin or "" if judgement.fate is None else judgement.fate.load.origin
    if status != _OK or not private_answers.is_of_another_site(origin, observation.url.host, site):
        return ()
    evidence = private_answers.evidence(observation, fields)
    return () if evidence is None else (Finding(FindingName.PRIVATE_ANSWER_OPEN_TO_ALL, evidence),)


def _not_ready(block: Block) -> Finding:
    value = "absent" if block.detail is None else block.detail
    return Finding(FindingName.NOT_READY_FOR_ISOLATION, f"{block.header}: {value}")


def _reads_as_preflight(judgement: Judgement) -> bool:
    return is_preflight(judgement.observation, read_request(judgement.observation.request))


def _accepted(judgement: Judgement, status: int) -> tuple[Finding, ...]:
    """The finding for a denied request that the server carried out all the same, and that any site can send."""
    observation = judgement.observation
    if (
        not 200 <= status <= 299
        or observation.method != b"POST"
        or observation.rewritten is not None
        or judgement.preflight is not PreflightState.NOT_NEEDED
        or judgement.contradicted
        or not _MAY_BE_NO_CORS.isdisjoint(judgement.assumptions)
    ):
        return ()
    outcomes = (judgement.if_credentialed, judgement.if_omitted)
    if judgement.credentials is Credentials.UNKNOWN and any(
        each and each.verdict is Verdict.ALLOW for each in outcomes
    ):
        return ()
    return (Finding(FindingName.DENIED_YET_ACCEPTED, f"POST was answered {status}"),)


# -- caches ------------------------------------------------------------------------------------------------------------


def _varies(endpoint: _Endpoint, origin: str, value: str, judgement: Judgement) -> tuple[Finding, ...]:
    """The finding for an answer that depends on Origin and may be cached, while Vary does not name Origin.

    A server that always says so is not even remembered.
    """
    values = endpoint.values
    if len(values) < MAX_EACH or origin in values:
        values[origin] = value[:MAX_LENGTH]
    if judgement.observation.method != b"GET" or len(set(values.values())) < 2 or not _may_be_reused(judgement):
        return ()
    endpoint.showed = True
    return (Finding(FindingName.VARY_ORIGIN_MISSING, value or None),)


def _may_be_reused(judgement: Judgement) -> bool:
    """Whether some cache may use the answer for a time without asking: as it says, or by the age of what it holds."""
    _, fields = own_answer(judgement)
    for shared in (False, True):
        seconds = lifetime(fields, judgement.observation.ended, shared=shared)
        if get(fields, b"last-modified") is not None if seconds is None else seconds > 0:
            return True
    return False


# -- words -------------------------------------------------------------------------------------------------------------


def facts(judgement: Judgement, finding: Finding) -> Facts:
    """What of the exchange the explanation of a finding may show."""
    status, fields = own_answer(judgement)
    header = FINDINGS[finding.name].header
    origin, names = judgement.origin, judgement.requested_headers
    if origin is None and judgement.fate is not None:
        origin = judgement.fate.load.origin
    match finding.name:
        case FindingName.INSECURE_ORIGIN_WITH_CREDENTIALS:
            origin = (finding.detail or "").replace("http://", "https://", 1)
        case FindingName.VARY_ORIGIN_MISSING:
            names = ("Origin",)
    return Facts(
        origin=origin,
        method=judgement.requested_method,
        headers=names,
        status=status,
        value=None if header is None else get(fields, header.lower().encode()),
        credentialed=None
        if judgement.credentials is Credentials.UNKNOWN
        else judgement.credentials is Credentials.INCLUDE,
    )
