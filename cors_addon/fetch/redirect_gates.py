"""What a redirect leads to is asked again what the first URL was asked before it was sent: CSP and mixed content."""

from collections.abc import Iterable, Sequence

from cors_addon.fetch import csp, mixed_content
from cors_addon.fetch.load import Arrival, Block, Destination, Gate, GateRules, Load, Page
from cors_addon.fetch.origins import Url

_DIRECTIVES = {
    Destination.EVENT_SOURCE: "connect-src",
    Destination.IMPORT_SCRIPTS: "script-src-elem",
    Destination.MODULE: "script-src-elem",
    Destination.PREFETCH: "prefetch-src",
}
_UPGRADABLE = frozenset(map(Destination, mixed_content.UPGRADABLE))
_WITH_NONCE = frozenset({"script-src-elem", "style-src-elem", "worker-src"})
_DYNAMIC = frozenset({"script-src-elem", "worker-src"})
"""What trusted scripts may load at will, under `'strict-dynamic'`: no style sheets."""


def target_of(rules: GateRules, load: Load, arrival: Arrival) -> Url | None:
    """The URL that the browser goes on with, upgraded where it is; None where it leads to none.

    https://w3c.github.io/webappsec-mixed-content/#upgrade-algorithm,
    https://w3c.github.io/webappsec-upgrade-insecure-requests/#upgrade-request: both are asked at every hop
    """
    url = None if arrival.target is None else arrival.target.url
    if url is None or url.scheme != "http":
        return url
    upgrades = rules.upgrades
    media = load.destination in _UPGRADABLE and _has_secure_page(load)
    if media and not upgrades.kept_for_media(url):
        return mixed_content.as_https(url)
    if _asks_for_upgrades(upgrades, load) and not upgrades.kept_for_asked(url):
        return mixed_content.as_https(url)
    return url


def _asks_for_upgrades(upgrades: mixed_content.Upgrades, load: Load) -> bool:
    page = load.page
    if page is None or (load.frame and not upgrades.frames):
        return False
    if load.destination is Destination.IMPORT_SCRIPTS and not upgrades.import_scripts:
        return False
    return page.upgrades or (upgrades.from_owner and page.owner_upgrades)


def target_is_same_origin(_rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """A request of mode "same-origin" stays there, and a service worker's script is not redirected at all.

    https://fetch.spec.whatwg.org/#main-fetch, https://w3c.github.io/ServiceWorker/#update-algorithm
    """
    target = arrival.target
    if load.destination is Destination.SERVICE_WORKER and target is not None:
        return Block(Gate.OTHER, target.text, "Location")
    if load.mode != "same-origin" or target is None or target.url is None or target.url.origin == load.origin:
        return None
    return Block(Gate.OTHER, target.text, "Location")


def target_is_not_mixed(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """https://w3c.github.io/webappsec-mixed-content/#should-block-fetch"""
    target = target_of(rules, load, arrival)
    if target is None or load.destination is Destination.DOCUMENT or not _has_secure_page(load):
        return None
    return None if rules.upgrades.passes(target) else Block(Gate.MIXED_CONTENT, str(target), "Location")


def _has_secure_page(load: Load) -> bool:
    """https://w3c.github.io/webappsec-mixed-content/#categorize-settings-object"""
    return (load.origin if load.page is None else load.page.url.scheme).startswith("https")


_FETCH_DIRECTIVES = frozenset(
    """child-src connect-src default-src font-src frame-src img-src manifest-src media-src object-src script-src
    script-src-elem style-src style-src-elem worker-src""".split()
)
"""https://w3c.github.io/webappsec-csp/#directives-fetch"""


def target_matches_csp(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """The page's policies allow the redirect's target, path left out.

    https://w3c.github.io/webappsec-csp/#should-block-request
    """
    target = target_of(rules, load, arrival)
    page = load.page
    if target is None or page is None or load.destination in {Destination.DOCUMENT, None}:
        return None
    effective = _effective_directives(rules, load)
    for policy in page.policies:
        if (
            load.destination is Destination.PREFETCH
            and rules.hints_by_any
            and _lets_hint_pass(rules, policy, page, target)
        ):
            continue
        for name in effective:
            refused = _refused_by(rules, policy, name, load, target)
            if refused is not None:
                return Block(Gate.CSP, refused, "Content-Security-Policy")
    return None


def _lets_hint_pass(rules: GateRules, policy: csp.Policy, page: Page, target: Url) -> bool:
    """Some directive would let it be loaded; of what trusted scripts may load at will that is a worker.

    https://w3c.github.io/webappsec-csp/#does-resource-hint-request-violate-policy, and AllowDynamicWorker in Blink's
    csp_directive_list.cc
    """
    of_workers = csp.directive_for(policy, "worker-src")
    if of_workers is not None and _is_dynamic(policy[of_workers]):
        return True
    return any(
        csp.matches_source_list(target, sources, page.url, redirected=True, how=rules.sources)
        for name, sources in policy.items()
        if name in _FETCH_DIRECTIVES
    )


def _effective_directives(rules: GateRules, load: Load) -> Sequence[str]:
    destination = load.destination
    if destination is None:
        return ()
    if destination in {Destination.EMBED, Destination.OBJECT}:
        return rules.object_directives
    own = _DIRECTIVES.get(destination) or csp.effective_directive(destination.value)
    return () if own is None else (own,)


def _is_dynamic(sources: Iterable[str]) -> bool:
    return any(source.lower() == "'strict-dynamic'" for source in sources)


def _refused_by(rules: GateRules, policy: csp.Policy, effective: str, load: Load, target: Url) -> str | None:
    page = load.page
    assert page is not None
    name = csp.directive_for(policy, effective)
    if name is None:
        return None
    sources = policy[name]
    if effective in _WITH_NONCE and _trusted_otherwise(rules, sources, load, page):
        return None
    if effective in _DYNAMIC and _is_dynamic(sources):
        return None
    if csp.matches_source_list(target, sources, page.url, redirected=True, how=rules.sources):
        return None
    return " ".join((name, *sources))


def _trusted_otherwise(rules: GateRules, sources: csp.Sources, load: Load, page: Page) -> bool:
    """Whether the load was let through for a nonce, a hash or by a trusted script: that holds for its redirects, too.

    It was sent: where its own URL is not on the list, nothing else can have let it through.
    """
    nonces = [source[7:-1] for source in sources if source.lower().startswith("'nonce-")]
    if nonces and load.element is not None and load.element.attributes.get("nonce") in nonces:
        return True
    return not csp.matches_source_list(load.url, sources, page.url, redirected=True, how=rules.sources)
