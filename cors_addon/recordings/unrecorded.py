"""What a browser refused, as it says itself, where the recording has no answer to judge."""

from cors_addon.engines import FETCH, detect
from cors_addon.exchange.model import Judgement, Observation, PreflightState, Role, Verdict
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.refusals import Refusal, Stage
from cors_addon.fetch.requests import cors_unsafe_names

SAYS_SO = "refused, as the browser's own error says: the answer is not in the file"


def judgement(observation: Observation, refusal: Refusal, notes: tuple[str, ...]) -> Judgement:
    """The browser's own decision, whatever engine is asked for. Nothing else in the recording is judged by it."""
    lines = {name.lower(): value for name, value in observation.request}
    own = detect(lines.get(b"user-agent", b"")) or FETCH
    method = observation.method.decode("latin-1")
    names = cors_unsafe_names(observation.request, own.rules.safelist, own.rules.name_kinds)
    made = Judgement(
        observation,
        Role.REDIRECT if refusal.stage is Stage.REDIRECT else Role.ACTUAL,
        own,
        lines[b"origin"].decode("latin-1"),
        method,
    )
    made.verdict, made.refusal = Verdict.DENY, refusal
    made.assumptions = (SAYS_SO, *notes)
    made.requested_headers = tuple(names)
    because = [] if method in CORS_SAFELISTED else [f"method {method}"]
    made.preflight_because = (*because, *(f"header {name}" for name in names))
    made.preflight = PreflightState.UNSEEN if made.preflight_because else PreflightState.NOT_NEEDED
    made.chain = [made]
    return made
