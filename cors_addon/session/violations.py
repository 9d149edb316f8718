"""Which violation of a page's policy is that of a call of its own."""

from collections.abc import Sequence

from cors_addon.exchange.page_call import PageCall, Violation
from cors_addon.exchange.timing import CALL_SLACK
from cors_addon.fetch.origins import Url, known_url

_OF_FRAMES = frozenset({"child-src", "frame-src"})


def violation_of(call: PageCall, url: Url, violations: Sequence[Violation]) -> Violation | None:
    """The latest violation that is that of a call for this URL; one that names no more than its origin, if need be."""
    near = [each for each in reversed(violations) if _is_near(each, call)]
    named = [(each, known_url(each.url.partition("#")[0])) for each in near]
    exact = next((each for each, about in named if about == url), None)
    is_frame = call.api == "iframe"
    return exact or next(
        (
            each
            for each, about in named
            if about is not None
            and about.path == "/"
            and about.origin == url.origin
            and (each.directive in _OF_FRAMES) == is_frame
        ),
        None,
    )


def _is_near(violation: Violation, call: PageCall) -> bool:
    """Whether a policy's violation is of the time of a call."""
    when = call.ended or call.started
    return abs(violation.time - when) <= CALL_SLACK or call.started <= violation.time <= when
