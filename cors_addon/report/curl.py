"""The commands that send an exchange again: the preflight and the request it is for, as curl for a POSIX shell.

Law 1: the server gets the bytes that the browser sent. What curl cannot send is left out, and a comment says so.
Law 2: nothing raw: a command can be shown in a terminal and pasted into a shell, whatever the wire held.
Law 3: no secret leaves unasked.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from cors_addon.exchange.model import Judgement, Observation, PreflightState, Role, Verdict
from cors_addon.fetch import masking
from cors_addon.fetch.headers import get_all, is_token
from cors_addon.fetch.masking import REDACTED, is_secret, without_jwts, without_secrets
from cors_addon.fetch.names import ASKED_METHOD, REQUEST_HEADERS, REQUEST_METHOD, VALIDATING
from cors_addon.fetch.patterns import pattern
from cors_addon.report.text import shortened, visible

MAX_BODY = 4096
"""Bytes of a body that are written into the command."""
_REDACTED = REDACTED.encode()
BODY_FILE = "body.bin"

type BodyOf = Callable[[str], bytes | None]
"""The body of the request with this flow id, as it was sent; None where it was not kept."""


class Request(NamedTuple):
    """One request to send again."""

    observation: Observation
    about: str
    """What it is, for the comment above it."""


def script(
    requests: Sequence[Request],
    body_of: BodyOf,
    *,
    secrets: bool = False,
    remarks: Sequence[str] = (),
    width: int | None = None,
) -> str:
    """The commands, one after the other, each below a comment.

    `secrets`: as they are, not replaced; `width`: columns that lines should fit into, for a screen that would break
    them where a shell must not.
    """
    secrets = secrets or not masking.hides()
    parts = [_command(each, body_of(each.observation.flow_id), secrets=secrets, width=width) for each in requests]
    if remarks:
        parts.append("\n".join(_comment(remark) for remark in remarks))
    return "\n\n".join(parts) + "\n"


# ---- which requests ----


def requests_of(judgement: Judgement, known: Callable[[str], Observation | None]) -> tuple[list[Request], list[str]]:
    """The preflight and the request it is for, and remarks on what is missing.

    `known` gives an exchange that is not part of this fetch, such as the preflight whose cached answer served it.
    """
    remarks: list[str] = []
    if judgement.role is Role.PREFLIGHT:
        requests = [Request(judgement.observation, f"the preflight{_answered(judgement.observation)}")]
        actual = _following(judgement) or _first_known(judgement, known)
        if actual is not None:
            requests.append(Request(actual, f"the request it is for{_answered(actual)}"))
        else:
            refused = ": the preflight was refused" if judgement.verdict is Verdict.DENY else ""
            remarks.append(f"The {judgement.requested_method} itself was not seen{refused}.")
        return requests, remarks
    observation = judgement.observation
    what = Request(observation, f"the request{_answered(observation)}")
    if judgement.preflight in (None, PreflightState.NOT_NEEDED) and not judgement.preflight_because:
        return [what], remarks
    preceding = judgement.preceding_preflight
    preflight = _first_known(judgement, known) if preceding is None else preceding.observation
    if preflight is not None:
        cached = judgement.preflight is PreflightState.CACHED
        which = "the preflight whose cached answer served" if cached else "the preflight"
        return [Request(preflight, f"{which}{_answered(preflight)}"), what], remarks
    return [Request(_preflight_for(judgement), "the preflight, not seen: put together from the request"), what], remarks


def _following(judgement: Judgement) -> Observation | None:
    chain = judgement.chain
    for member in chain[chain.index(judgement) + 1 :] if judgement in chain else ():
        if member.role is not Role.PREFLIGHT and member.observation.url == judgement.observation.url:
            return member.observation
    return None


def _first_known(judgement: Judgement, known: Callable[[str], Observation | None]) -> Observation | None:
    wanted = judgement.role is not Role.PREFLIGHT
    own = judgement.observation
    for flow_id in judgement.paired_with:
        other = known(flow_id)
        if other is None or other.url != own.url:
            continue
        if (other.method == b"OPTIONS" and bool(get_all(other.request, ASKED_METHOD))) is wanted:
            return other
    return None


def _preflight_for(judgement: Judgement) -> Observation:
    """The preflight that a browser sends before this request. https://fetch.spec.whatwg.org/#cors-preflight-fetch"""
    observation = judgement.observation
    unsafe = [name.encode("latin-1") for name in sorted(judgement.requested_headers)]
    lines = [
        (b"Accept", b"*/*"),
        (REQUEST_METHOD.encode(), observation.method),
        *([(REQUEST_HEADERS.encode(), b",".join(unsafe))] if unsafe else []),
        *((name, value) for name, value in observation.request if name.lower() in _REPEATED),
    ]
    return replace(
        observation, flow_id="", method=b"OPTIONS", request=tuple(lines), has_body=False, status=None, response=()
    )


_REPEATED = frozenset({b"origin", b"referer", b"user-agent", b"sec-fetch-dest", b"sec-fetch-mode", b"sec-fetch-site"})
"""Headers of a request that its preflight bears too."""


def _answered(observation: Observation) -> str:
    return ", no answer came" if observation.status is None else f", answered {observation.status}"


_OF_THE_BROWSER = frozenset(
    b"accept accept-encoding accept-language cache-control connection content-length dnt pragma priority "
    b"proxy-connection referer te upgrade-insecure-requests user-agent".split()
)


def cors_alone(observation: Observation) -> Observation:
    """The same request with no more headers than CORS, and the server's own refusal, depend on."""
    kept = tuple(
        (name, value)
        for name, value in observation.request
        if not (low := name.lower()).startswith(b"sec-") and low not in _OF_THE_BROWSER and low not in VALIDATING
    )
    return replace(observation, request=kept)


def with_its_own(script: str) -> str:
    """The same commands, with the headers that curl itself sends."""
    return re.sub(r" (?:\\\n *)?-H '(?:User-Agent|Accept):'", "", script)


# ---- one command ----


def _command(request: Request, body: bytes | None, *, secrets: bool, width: int | None) -> str:
    observation = request.observation
    left_out: list[str] = []
    hidden: dict[str, None] = {}
    target = observation.url.path if secrets else _without_secrets(observation.url.path, hidden)
    method = observation.method.decode("latin-1")
    version = "--http1.1"
    if observation.http2:
        version = "--http2" if observation.url.scheme == "https" else "--http2-prior-knowledge"
    options = ["curl -i"]
    lines = observation.request
    if not is_token(method):
        left_out.append(f"the method {shortened(method)}, which curl cannot send")
    elif method == "HEAD":
        options.append("-I")  # with -X it would wait for a body
    else:
        options.append(f"-X {_quoted(method) if method.startswith('-') else _word(method)}")
    options.append(version)
    if get_all(lines, b"accept-encoding"):
        options.append("--compressed")
    more, url = _where(observation, target, left_out)
    words = [" ".join([*options, more]), url]
    words += _headers(observation, bool(body), secrets, left_out, hidden)
    before = ""
    if observation.has_body:
        before, data = _body(body, method, secrets, left_out, hidden)
        words += data
    head = [request.about[0].upper() + request.about[1:]]
    head += [f"Left out: {each}" for each in left_out]
    if hidden:
        head.append(f"Replaced by {REDACTED}: {', '.join(hidden)}")
    if width is not None:
        words = [_broken(word, width) for word in words]
    return "\n".join([*map(_comment, head), before + " \\\n  ".join(words)])


_BREAKABLE = pattern(r"((?:-H |--data-raw )?)'([^'\n]*)'")


def _broken(word: str, width: int) -> str:
    """A long quoted word as several on lines of their own, which a backslash at each line's end joins again."""
    match = _BREAKABLE.fullmatch(word)
    if match is None or len(word) + 4 <= width:
        return word
    option, text = match.groups()
    first = max(width - len(option) - 7, 16)  # indent, quotes, ` \\`
    rest = max(width - 5, 16)
    pieces = [text[:first], *(text[start : start + rest] for start in range(first, len(text), rest))]
    return option + "\\\n".join(f"'{piece}'" for piece in pieces)


def _where(observation: Observation, target: str, left_out: list[str]) -> tuple[str, str]:
    """The options that keep curl from changing the URL, and the URL."""
    origin = observation.url.origin
    if "\0" in target:
        target = target.replace("\0", "%00")
        left_out.append("NUL in the URL: escaped")
    if target.startswith("/") and _PLAIN_PATH.fullmatch(target):
        return "--path-as-is -g", _quoted(origin + target)
    # a fragment, a space and the like: a browser sends none, but what is no URL can be a request's target
    return f"--request-target {_quoted(target)} -g", _quoted(origin + "/")


_PLAIN_PATH = pattern(r"[!$-~]*")  # printable ASCII without space, quotation mark and `#`


def _headers(
    observation: Observation, sends_body: bool, secrets: bool, left_out: list[str], hidden: dict[str, None]
) -> list[str]:
    words = []
    lines = observation.request
    authority = observation.url.origin.partition("://")[2].encode("utf-8", "surrogatepass")
    for name, value in lines:
        lower = name.lower()
        if lower == b"host" and value == authority:
            continue
        if lower == b"content-length" and (sends_body or value != b"0"):
            continue
        shown = name.decode("latin-1")
        if not is_token(shown) or re.search(rb"[\r\n\0]", value):
            left_out.append(f"the header {shortened(shown)}, which curl cannot send")
            continue
        if not secrets:
            value = _without_secret(lower, value, hidden)
        # "Name:" would take the header away
        words.append("-H " + _quoted(name + b": " + value if value.strip() else name + b";"))
    words += [f"-H '{name.decode()}:'" for name in (b"User-Agent", b"Accept") if not get_all(lines, name.lower())]
    if sends_body:
        words += [f"-H '{name}:'" for name in ("Content-Type", "Expect") if not get_all(lines, name.lower().encode())]
    return words


def _body(
    body: bytes | None, method: str, secrets: bool, left_out: list[str], hidden: dict[str, None]
) -> tuple[str, list[str]]:
    """What is piped into curl, if anything, and curl's own arguments."""
    if body is None:
        left_out.append("the body, which was not kept")
        return "", []
    if not body:
        return "", []
    if method == "HEAD":
        left_out.append("the body, which curl sends with no HEAD")
        return "", []
    if len(body) > MAX_BODY:
        left_out.append(f"the body of {len(body):,} bytes, read from {BODY_FILE}: save it there with")
        left_out.append(f":cut.save @focus request.raw_content {BODY_FILE}")
        return "", [f"--data-binary @{BODY_FILE}"]
    if not secrets:
        body = _without_secrets_in_body(body, hidden)
        body = _without_jwts(body.decode("latin-1"), hidden).encode("latin-1")
    text = _printable(body, allowed="\n")
    if text is not None:
        return "", [f"--data-raw {_single(text)}"]
    return f"printf {_format(body)} | ", ["--data-binary @-"]


# ---- secrets ----

_NOT_SECRET = pattern(rb"sec-|access-control-|www-")
_SCHEMES = pattern(rb"(?:basic|bearer|digest|negotiate|ntlm|hawk|token|aws4-hmac-sha256)(?= )", re.IGNORECASE)


def _without_secret(lower: bytes, value: bytes, hidden: dict[str, None]) -> bytes:
    name = lower.decode("latin-1")
    if lower in (b"cookie", b"cookie2"):
        hidden["cookies"] = None
        pairs = (pair.strip(b" \t").partition(b"=") for pair in value.split(b";"))
        return b"; ".join(key + b"=" + _REDACTED if sign else _REDACTED for key, sign, _ in pairs)
    if lower in (b"referer", b":path"):
        return _without_secrets(value.decode("latin-1"), hidden).encode("latin-1")
    if lower in (b"authorization", b"proxy-authorization") or (is_secret(name) and not _NOT_SECRET.match(lower)):
        hidden[visible(name)] = None
        scheme = _SCHEMES.match(value)
        return (scheme[0] + b" " if scheme else b"") + _REDACTED
    return _without_jwts(value.decode("latin-1"), hidden).encode("latin-1")


def _without_secrets(url: str, hidden: dict[str, None]) -> str:
    """A URL, its secret parameters replaced."""

    def hide(name: str) -> None:
        hidden[f"parameter {shortened(name, 40)}"] = None

    return _without_jwts(without_secrets(url, hide), hidden)


def _without_jwts(text: str, hidden: dict[str, None]) -> str:
    """A text, the JWTs in it replaced, by whatever name they go."""
    clean = without_jwts(text)
    if clean is not text:
        hidden["a JWT"] = None
    return clean


_MEMBER = pattern(rb'"([^"\\]{1,100})"(\s*:\s*)(?:"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)', re.DOTALL)
_PART = pattern(
    rb'(\bname="([^"\r\n]{1,100})"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)(.*?)(?=\r\n--)', re.DOTALL | re.IGNORECASE
)
_FIELD = pattern(rb"(^|&)([^=&\s]{1,100})=([^&]+)")


def _without_secrets_in_body(body: bytes, hidden: dict[str, None]) -> bytes:
    """JSON or a form of either kind, its secret members replaced."""

    def is_hidden(name: bytes) -> bool:
        text = name.decode("latin-1")
        if is_secret(text):
            hidden[f'"{shortened(text, 40)}" in the body'] = None
            return True
        return False

    def in_json(match: re.Match[bytes]) -> bytes:
        return b'"%b"%b"%b"' % (match[1], match[2], _REDACTED) if is_hidden(match[1]) else match[0]

    def in_form(match: re.Match[bytes]) -> bytes:
        return b"%b%b=%b" % (match[1], match[2], _REDACTED) if is_hidden(match[2]) else match[0]

    def in_part(match: re.Match[bytes]) -> bytes:
        return match[1] + _REDACTED if is_hidden(match[2]) else match[0]

    if body.lstrip()[:1] in (b"{", b"["):
        return _MEMBER.sub(in_json, body)
    if body.startswith(b"--"):
        return _PART.sub(in_part, body)
    return _FIELD.sub(in_form, body)


# ---- words for the shell ----


def _comment(text: str) -> str:
    return f"# {visible(text)}"


def _word(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", text) else _quoted(text)


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:  # a host of a damaged recording
        return text.encode("utf-8", "surrogatepass")


def _quoted(value: str | bytes) -> str:
    """One word of a shell's command line; `value` is the wire's, so a str of it is Latin-1."""
    raw = _bytes(value) if isinstance(value, str) else value
    text = _printable(raw)
    return _single(text) if text is not None else f'"$(printf {_format(raw)})"'


def _printable(raw: bytes, allowed: str = "") -> str | None:
    """The bytes as text, where a terminal shows them all and a shell gives them back."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if all(char.isprintable() or char in allowed for char in text) else None


def _single(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _format(raw: bytes) -> str:
    """A format of printf(1) that writes these bytes: what any shell might read otherwise is octal."""
    shown = "".join(chr(byte) if chr(byte) in _PLAIN else "%%" if byte == 37 else f"\\{byte:03o}" for byte in raw)
    return f"'\\055{shown[1:]}'" if shown.startswith("-") else f"'{shown}'"


_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 :;=,./_-+*?&()<>[]{}@#|~^")
