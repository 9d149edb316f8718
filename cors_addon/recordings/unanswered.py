"""Exchanges of which the file has no answer, or not its headers: judged by the browser's own word alone.

Whatever engine is asked for, it is this browser's decision. Nothing else in the recording is judged by it.
"""

from cors_addon.engines import FETCH, detect
from cors_addon.exchange.fate import Fate
from cors_addon.exchange.model import (
    BLOCKED_BY_RESPONSE,
    Credentials,
    Judgement,
    Observation,
    PreflightState,
    Role,
    Verdict,
    Word,
)
from cors_addon.exchange.writing import assume, note_word
from cors_addon.fetch.load import FRAMES, Block, Gate, Load
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.names import REQUEST_METHOD
from cors_addon.fetch.origins import parse_url
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.fetch.requests import cors_unsafe_names
from cors_addon.policy.suffixes import registrable_domain


def judgement(observation: Observation, word: Word, notes: tuple[str, ...] = ()) -> Judgement:
    """What became of a request: let through, refused by CORS, stopped by something else, or not answered."""
    if word.passed or (word.refusal is not None and word.block is None):
        made = _decided(observation, word.refusal, word)
    else:
        made = _stopped(observation, word.stopped_by or Block(Gate.NETWORK))
    note_word(made, word)
    assume(made, *notes)
    return made


def _decided(observation: Observation, refusal: Refusal | None, word: Word) -> Judgement:
    lines = {name.lower(): value for name, value in observation.request}
    own = detect(lines.get(b"user-agent", b"")) or FETCH
    method = observation.method.decode("latin-1")
    names = cors_unsafe_names(observation.request, own.rules.safelist, own.rules.name_kinds)
    role = Role.REDIRECT if refusal is not None and refusal.stage is Stage.REDIRECT else Role.ACTUAL
    made = Judgement(observation, role, own, lines.get(b"origin", b"null").decode("latin-1"), method)
    made.verdict, made.refusal = Verdict.ALLOW if refusal is None else Verdict.DENY, refusal
    made.requested_headers = tuple(names)
    because = [] if method in CORS_SAFELISTED else [f"method {method}"]
    made.preflight_because = (*because, *(f"header {name}" for name in names))
    made.preflight = PreflightState.UNSEEN if made.preflight_because else PreflightState.NOT_NEEDED
    made.chain = [made]
    if word.credentials is not Credentials.UNKNOWN:
        made.credentials, made.credentials_evidence = word.credentials, word.text
    return made


def _stopped(observation: Observation, block: Block) -> Judgement:
    lines = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in observation.request}
    named = lines.get("origin")
    page = parse_url(named or lines.get("referer", ""))
    origin = "" if page is None else page.origin
    mode = "cors" if named is not None and named != observation.url.origin else "no-cors"
    if block.gate is Gate.SRI:  # a digest was made, which only CORS permits
        mode = "cors"
    if lines.get("upgrade", "").lower() == "websocket":
        mode = "websocket"
    engine = detect(lines.get("user-agent", "").encode("latin-1")) or FETCH
    made = Judgement(observation, Role.NO_CORS, engine, named, lines.get(REQUEST_METHOD.lower()))
    load = Load(observation.url, origin, observation.destination, mode, registrable_domain)
    if block.detail == BLOCKED_BY_RESPONSE and observation.destination in FRAMES:
        block = Block(Gate.FRAME_OPTIONS, header="X-Frame-Options")
    if block.gate in (Gate.MIXED_CONTENT, Gate.LOCAL_NETWORK):
        block = block._replace(detail=str(observation.url))
    made.fate = Fate(load, block)
    if block.gate is Gate.NETWORK and mode == "cors":
        made.refusal = Refusal(Reason.NETWORK_ERROR, Stage.ACTUAL)  # as consoles may call it
    return made
