"""Public suffixes: domains under which anyone may register a name. https://publicsuffix.org/"""

from functools import lru_cache

from cors_addon.fetch import origins


@lru_cache(maxsize=1)
def _list() -> object:
    import publicsuffix2  # type: ignore[import-untyped]  # reading its list takes a while: only where it is asked for

    return publicsuffix2.PublicSuffixList(idna=True)


@lru_cache(maxsize=256)
def is_public_suffix(host: str) -> bool:
    """Whether a host (ASCII, lower case) is on the list of public suffixes."""
    if host.startswith("[") or host.replace(".", "").isdigit():
        return False
    return _list().get_tld(host, strict=True) == host  # type: ignore[attr-defined,no-any-return]


@lru_cache(maxsize=1024)
def registrable_domain(host: str) -> str:
    """The part of a host (ASCII, lower case) that somebody registered; the last two labels where no suffix is listed.

    https://url.spec.whatwg.org/#host-registrable-domain
    """
    if host.startswith("[") or host.replace(".", "").isdigit():
        return host
    listed: str | None = _list().get_sld(host, strict=True)  # type: ignore[attr-defined]
    return listed or origins.last_two_labels(host)
