"""What each engine calls a refusal.

Chromium 156: Network.CorsError of the DevTools protocol. Firefox 153: the keys of security.properties. WebKit has no
names: those are ours, one per text. A refusal that an engine does not call a CORS error has no name here.
The standard (engine `fetch`) has no names either: to it every refusal is a network error.
"""

from collections.abc import Mapping

from cors_addon.fetch.refusals import Reason, Refusal, Stage


def browser_error(engine: str, refusal: Refusal) -> str | None:
    """The engine's own name for a refusal, or None where it is no CORS error to that engine (a `net::` error, say)."""
    return _NAMES.get(engine, {}).get(refusal.reason, {}).get(refusal.stage)


def refusal_named(engine: str, name: str) -> Refusal | None:
    """The refusal that an engine calls by this name; None where it has no such name. Its detail is not told."""
    return _BY_NAME.get((engine, name))


def _everywhere(name: str, *, preflight: str | None = None, redirect: str | None = None) -> Mapping[Stage, str]:
    return {Stage.PREFLIGHT: preflight or name, Stage.ACTUAL: name, Stage.REDIRECT: redirect or name}


def _preflight(name: str) -> Mapping[Stage, str]:
    return {Stage.PREFLIGHT: name}


def _redirect(name: str) -> Mapping[Stage, str]:
    return {Stage.REDIRECT: name}


_CHROMIUM: Mapping[Reason, Mapping[Stage, str]] = {
    Reason.ALLOW_ORIGIN_MISSING: _everywhere("MissingAllowOriginHeader", preflight="PreflightMissingAllowOriginHeader"),
    Reason.ALLOW_ORIGIN_MULTIPLE: _everywhere(
        "MultipleAllowOriginValues", preflight="PreflightMultipleAllowOriginValues"
    ),
    Reason.ALLOW_ORIGIN_INVALID: _everywhere("InvalidAllowOriginValue", preflight="PreflightInvalidAllowOriginValue"),
    Reason.ALLOW_ORIGIN_MISMATCH: _everywhere("AllowOriginMismatch", preflight="PreflightAllowOriginMismatch"),
    Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS: _everywhere(
        "WildcardOriginNotAllowed", preflight="PreflightWildcardOriginNotAllowed"
    ),
    Reason.ALLOW_CREDENTIALS_NOT_TRUE: _everywhere(
        "InvalidAllowCredentials", preflight="PreflightInvalidAllowCredentials"
    ),
    Reason.STATUS_NOT_OK: _preflight("PreflightInvalidStatus"),
    Reason.PREFLIGHT_REDIRECTED: _preflight("PreflightDisallowedRedirect"),
    Reason.ALLOW_METHODS_INVALID: _preflight("InvalidAllowMethodsPreflightResponse"),
    Reason.ALLOW_HEADERS_INVALID: _preflight("InvalidAllowHeadersPreflightResponse"),
    Reason.METHOD_NOT_ALLOWED: _preflight("MethodDisallowedByPreflightResponse"),
    Reason.HEADER_NOT_ALLOWED: _preflight("HeaderDisallowedByPreflightResponse"),
    Reason.REDIRECT_HAS_CREDENTIALS: _redirect("RedirectContainsCredentials"),
    Reason.REDIRECT_SCHEME_NOT_CORS: _redirect("CorsDisabledScheme"),
}

_GECKO: Mapping[Reason, Mapping[Stage, str]] = {
    Reason.ALLOW_ORIGIN_MISSING: _everywhere("CORSMissingAllowOrigin2"),
    Reason.ALLOW_ORIGIN_MULTIPLE: _everywhere("CORSMultipleAllowOriginNotAllowed"),
    # to Gecko a value that is no origin is one that does not match
    Reason.ALLOW_ORIGIN_INVALID: _everywhere("CORSAllowOriginNotMatchingOrigin"),
    Reason.ALLOW_ORIGIN_MISMATCH: _everywhere("CORSAllowOriginNotMatchingOrigin"),
    Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS: _everywhere("CORSNotSupportingCredentials"),
    Reason.ALLOW_CREDENTIALS_NOT_TRUE: _everywhere("CORSMissingAllowCredentials"),
    Reason.STATUS_NOT_OK: _preflight("CORSPreflightDidNotSucceed3"),
    Reason.PREFLIGHT_REDIRECTED: _preflight("CORSExternalRedirectNotAllowed"),
    Reason.ALLOW_METHODS_INVALID: _preflight("CORSInvalidAllowMethod"),
    Reason.ALLOW_HEADERS_INVALID: _preflight("CORSInvalidAllowHeader"),
    Reason.METHOD_NOT_ALLOWED: _preflight("CORSMethodNotFound"),
    Reason.HEADER_NOT_ALLOWED: _preflight("CORSMissingAllowHeaderFromPreflight2"),
    # the channel fails, and the listener knows no more than that
    Reason.REDIRECT_HAS_CREDENTIALS: _everywhere("CORSDidNotSucceed2"),
    Reason.REDIRECT_SCHEME_NOT_CORS: _everywhere("CORSDidNotSucceed2"),
    Reason.REDIRECT_URL_UNUSABLE: _everywhere("CORSDidNotSucceed2"),
    Reason.REDIRECT_COUNT_EXCEEDED: _redirect("CORSDidNotSucceed2"),
    Reason.HEADER_UNREADABLE: _everywhere("CORSDidNotSucceed2"),
    Reason.HEADERS_TOO_LARGE: _everywhere("CORSDidNotSucceed2"),
    Reason.NETWORK_ERROR: _everywhere("CORSDidNotSucceed2"),
}

_WEBKIT: Mapping[Reason, Mapping[Stage, str]] = {
    # absent, no origin, another origin: one and the same text
    Reason.ALLOW_ORIGIN_MISSING: _everywhere("AllowOriginMismatch", redirect="RedirectAllowOriginMismatch"),
    Reason.ALLOW_ORIGIN_INVALID: _everywhere("AllowOriginMismatch", redirect="RedirectAllowOriginMismatch"),
    Reason.ALLOW_ORIGIN_MISMATCH: _everywhere("AllowOriginMismatch", redirect="RedirectAllowOriginMismatch"),
    Reason.ALLOW_ORIGIN_MULTIPLE: _everywhere("MultipleAllowOrigin", redirect="RedirectMultipleAllowOrigin"),
    Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS: _everywhere(
        "WildcardWithCredentials", redirect="RedirectWildcardWithCredentials"
    ),
    Reason.ALLOW_CREDENTIALS_NOT_TRUE: _everywhere(
        "AllowCredentialsNotTrue", redirect="RedirectAllowCredentialsNotTrue"
    ),
    Reason.STATUS_NOT_OK: _preflight("PreflightStatus"),
    Reason.PREFLIGHT_REDIRECTED: _preflight("PreflightStatus"),
    Reason.ALLOW_METHODS_INVALID: _preflight("InvalidAllowMethods"),
    Reason.ALLOW_HEADERS_INVALID: _preflight("InvalidAllowHeaders"),
    Reason.METHOD_NOT_ALLOWED: _preflight("MethodNotAllowed"),
    Reason.HEADER_NOT_ALLOWED: _preflight("HeaderNotAllowed"),
    Reason.REDIRECT_HAS_CREDENTIALS: _redirect("RedirectHasCredentials"),
    Reason.REDIRECT_SCHEME_NOT_CORS: _redirect("RedirectScheme"),
    # its parser's word for these is an URL with an empty scheme
    Reason.REDIRECT_URL_UNUSABLE: _redirect("RedirectScheme"),
}

_NAMES: Mapping[str, Mapping[Reason, Mapping[Stage, str]]] = {
    "chromium": _CHROMIUM,
    "gecko": _GECKO,
    "webkit": _WEBKIT,
}

_BY_NAME: dict[tuple[str, str], Refusal] = {}
"""By engine and name; of what has one name several times, the first counts."""
for _engine, _reasons in _NAMES.items():
    for _reason, _stages in _reasons.items():
        for _stage, _name in _stages.items():
            _BY_NAME.setdefault((_engine, _name), Refusal(_reason, _stage))
