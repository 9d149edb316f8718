"""Exchanges in a pasted text: `curl -v` and `curl -i`, raw messages, and the Headers tab of developer tools.

A request and its answer are judged as the standard has it, by what stands in the paste alone. What was sent to ask is
no page's request: an answer that permits it says so, and that the page got another.

Law 1: a head is a start line, or a title of developer tools, with header lines right after it; nothing else counts.
Law 2: each line is looked at once, and no more than `MOST_LINES` of them.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cors_addon.fetch.checks import REDIRECT_STATUSES, STANDARD_RULES, Answer, Asked, refused_headers
from cors_addon.fetch.headers import cors_lines
from cors_addon.fetch.origins import is_loopback, parse_url, resolve
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons import curl_command

MOST_LINES = 5000
MOST_EXCHANGES = 20
LONGEST = 4000
"""Characters of a line that are looked at."""

ALLOWED = "exchange-allowed"
NO_ORIGIN = "request-without-origin"
ALONE = "request-alone"
ANSWER = "answer-alone"
CONFIG = "server-config"
WEBSOCKET = "websocket-refused"

_MARKS = pattern(r"(?:[ \t]*[<>](?=[ \t]|$)[ \t]?)+")
"""What curl puts before the lines of a request and an answer, and a chat before what it quotes."""
_REQUEST = pattern(r"([A-Z]{3,10}) (\S{1,2000}) HTTP/[\d.]+")
_STATUS = pattern(r"HTTP/[\d.]+ ([1-5]\d\d)\b.{0,100}")
_HEADER = pattern(r"(:?[A-Za-z][\w!#$%&'*+.^`|~-]{0,80}):[ \t]*(.*)")
_NAME = pattern(r":?[a-z][a-z0-9-]{1,60}")
_TITLES = pattern(r"(Response|Request) Headers\b.{0,40}")
_GENERAL = pattern(r"(Request URL|Request Method|Status Code):?[ \t]*(.*)")
_CODE = pattern(r"\W{0,4}([1-5]\d\d)\b")
_COPIED = pattern(
    r"\bfetch\([\"'`“”‘’](https?://[^\s\"'`“”‘’]{1,2000})[\"'`“”‘’], ?\{"
    r"|\bInvoke-WebRequest\b[^\n]{0,200}-Uri [\"'“”‘’](https?://[^\s\"'“”‘’]{1,2000})"
)
_CONFIG = pattern(
    r"^[ \t>]*(?:add_header|more_set_headers|Header (?:always )?(?:set|add|append))[ \t]+[\"'“‘]?Access-Control-"
    r"[^\n]{0,200}",
    re.MULTILINE,
)
_STRAIGHT = str.maketrans("’‘“”", "''\"\"")
_TO_PROXY = "connection established"
"""What a proxy says of a tunnel, before the server's own answer comes."""
_INTERIM = (None, 100, 102, 103)
"""Statuses of what is no answer yet."""


@dataclass(slots=True)
class Exchange:
    """A request and its answer, as far as they stand in the paste."""

    method: str = "GET"
    url: str = ""
    target: str = ""
    """Of a request line, where the URL is not told otherwise."""
    request: list[tuple[str, str]] = field(default_factory=list)
    status: int | None = None
    answer: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""
    by_curl: bool = False

    def asked(self, name: str) -> str | None:
        """The value of a request header."""
        return next((value for found, value in self.request if found.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Meant:
    """What an exchange means."""

    means: str
    """A reason, or one of the causes above."""
    values: Mapping[str, str]
    text: str
    preflight: bool = False


def judged(text: str) -> Iterator[Meant]:
    """What each exchange in a text means; of a request alone, that it is one."""
    found = _exchanges(text)
    answered = [each for each in found if each.status is not None]
    told = [meant for each in answered if (meant := _meaning(each, text)) is not None]
    yield from told
    if answered:
        if not told:
            yield from itertools.islice(filter(None, map(_by_status, answered)), 1)
        alone = None if told else next(filter(_is_alone, answered), None)
        if alone is not None:
            yield Meant(ANSWER, {"status": str(alone.status)}, alone.text)
        return
    if found:
        url = _url(found[0], text)
        yield Meant(ALONE, {"method": found[0].method} | ({"url": url} if url else {}), found[0].text)
    elif copied := _COPIED.search(text[: MOST_LINES * 20]):
        yield Meant(ALONE, {"url": copied[1] or copied[2]}, copied[0])
    elif config := _CONFIG.search(text[: MOST_LINES * 20]):
        yield Meant(CONFIG, {}, config[0].strip())


# --- judging ----------------------------------------------------------------------------------------------------------


def _meaning(one: Exchange, text: str) -> Meant | None:
    url = parse_url(_url(one, text))
    origin = one.asked("origin")
    if url is None or one.status is None:
        return None
    values = {"method": one.method, "url": str(url), "status": str(one.status)}
    if origin is None:
        return Meant(NO_ORIGIN, values, one.text) if one.by_curl else None
    if origin == url.origin or one.status == 101:
        return None
    if (one.asked("upgrade") or "").lower() == "websocket":
        return Meant(WEBSOCKET, values, one.text)
    values["origin"] = origin
    fields = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in one.answer]
    answer = Answer(one.status, cors_lines(fields))
    asked, stage = _asked(one, origin)
    values["method"] = asked.method
    if stage is Stage.ACTUAL and one.status in REDIRECT_STATUSES and answer.lines.location:
        answer, stage = answer._replace(target=resolve(answer.lines.location[0], url)), Stage.REDIRECT
    refusal = STANDARD_RULES.check(stage, asked, answer)
    if refusal is None:
        return Meant(ALLOWED if one.status < 400 else "http-status", values, one.text)
    values |= _values(refusal, asked, answer)
    return Meant(refusal.reason.value, values, one.text, stage is Stage.PREFLIGHT)


def _is_alone(one: Exchange) -> bool:
    """Whether this is an answer of which nothing tells the request, and which says something of CORS."""
    is_asked = one.url or one.target or one.request
    return not is_asked and any(name.lower().startswith("access-control-") for name, _ in one.answer)


def _by_status(one: Exchange) -> Meant | None:
    """What a panel without its header lists tells: an error's status."""
    if one.status is None or one.status < 400 or "://" not in one.url or one.by_curl:
        return None
    values = {"method": one.method, "url": one.url, "status": str(one.status)}
    if one.method == "OPTIONS":
        return Meant("status-not-ok", {"url": one.url, "status": values["status"]}, one.text, preflight=True)
    return Meant("http-status-auth" if one.status in (401, 403) else "http-status", values, one.text)


def _asked(one: Exchange, origin: str) -> tuple[Asked, Stage]:
    """What it asks permission for, and when."""
    wanted = one.asked("access-control-request-method")
    if one.method != "OPTIONS" or wanted is None:
        return Asked(origin, one.method, credentialed=one.asked("cookie") is not None), Stage.ACTUAL
    names = (name.strip().lower() for name in (one.asked("access-control-request-headers") or "").split(","))
    return Asked(origin, wanted, tuple(filter(None, names))), Stage.PREFLIGHT


def _values(refusal: Refusal, asked: Asked, answer: Answer) -> dict[str, str]:
    """What the words of a refusal name."""
    lines = answer.lines
    if refusal.reason is Reason.HEADER_NOT_ALLOWED:
        return {"header": ", ".join(refused_headers(STANDARD_RULES, asked, answer))}
    if refusal.reason is Reason.PREFLIGHT_REDIRECTED and lines.location:
        return {"location": lines.location[0].decode("latin-1")}
    told = lines.allow_credentials if refusal.reason is Reason.ALLOW_CREDENTIALS_NOT_TRUE else lines.allow_origin
    if told and refusal.reason.value.startswith("allow-"):
        return {"value": ", ".join(value.decode("latin-1") for value in told)}
    return {}


def _url(one: Exchange, text: str) -> str:
    """Its URL: told, or made of the request line and the host; empty where that is not known."""
    told = one.url or one.target
    if "://" in told:
        return told
    if one.url:
        return f"http://{one.url}"
    host = one.asked("host") or one.asked(":authority")
    path = one.asked(":path") or one.target or "/"
    return f"{one.asked(':scheme') or _scheme(host, text)}://{host}{path}" if host else ""


def _scheme(host: str, text: str) -> str:
    """As the rest of the paste has it; else only what is on this machine has no TLS."""
    if f"https://{host}" in text:
        return "https"
    url = parse_url(f"http://{host}/")
    return "http" if f"http://{host}" in text or (url is not None and is_loopback(url.host)) else "https"


# --- reading ----------------------------------------------------------------------------------------------------------


def _exchanges(text: str) -> list[Exchange]:
    reader = _Reader()
    lines = itertools.islice(_whole_lines(text), MOST_LINES)
    for line in lines:
        reader.take(line[:LONGEST].translate(_STRAIGHT))
    return reader.found[:MOST_EXCHANGES]


def _whole_lines(text: str) -> Iterator[str]:
    """Lines, without marks at their beginning; those that a shell goes on with are one."""
    whole = ""
    for line in text.splitlines():
        bare = _MARKS.sub("", line, count=1).strip() if _MARKS.match(line) else line.strip()
        whole = f"{whole} {bare}" if whole else bare
        if whole.endswith(("\\", "^")) and len(whole) < LONGEST:
            whole = whole[:-1].rstrip()
            continue
        yield whole
        whole = ""
    if whole:
        yield whole


class _Reader:
    """Takes the lines of a paste, one after another."""

    def __init__(self) -> None:
        self.found: list[Exchange] = []
        self._head: list[tuple[str, str]] | None = None
        """The header list whose lines come now."""
        self._panel = False
        """They stand as developer tools show them, perhaps with name and value on lines of their own."""
        self._name = ""
        """A name or a title whose value is the next line."""
        self._tunnel = False
        """A proxy was asked for a tunnel, and its answer comes next."""

    def take(self, line: str) -> None:
        """The next line."""
        if self._name:
            name, self._name = self._name, ""
            self._told(name, line)
        elif not (self._general(line) or self._starts(line)):
            if not line:
                self._head = self._head if self._panel else None
            elif self._head is not None:
                self._header(line)

    def _general(self, line: str) -> bool:
        """Whether a line is a title of developer tools; it is taken in then."""
        if (general := _GENERAL.fullmatch(line)) is not None:
            self._panel = True
            if general[2]:
                self._told(general[1], general[2])
            else:
                self._name = general[1]
            return True
        title = _TITLES.fullmatch(line) if self._panel and self.found else None
        if title is not None:
            self._head = self.found[-1].answer if title[1] == "Response" else self.found[-1].request
        return title is not None

    def _starts(self, line: str) -> bool:
        """Whether a message or a command begins with a line; it is taken in then."""
        if (request := _REQUEST.fullmatch(line)) is not None and request[1] == "CONNECT":
            self._panel, self._tunnel, self._head = False, True, []
        elif request is not None:
            self._panel = self._tunnel = False
            self._begin(Exchange(request[1], target=request[2], text=line), request=True)
        elif (status := _STATUS.fullmatch(line)) is not None:
            if self._tunnel or line.lower().endswith(_TO_PROXY):
                self._panel, self._tunnel, self._head = False, False, []
            else:
                self._answer(int(status[1]), line)
        elif (command := curl_command.read(line)) is not None:
            self._panel, self._head = False, None
            asked = Exchange(command.method, command.url, request=command.headers, text=line[:200], by_curl=True)
            self.found.append(asked)
        else:
            return False
        return True

    def _header(self, line: str) -> None:
        assert self._head is not None
        header = _HEADER.fullmatch(line)
        if header is not None and (header[2] or not self._panel):
            self._head.append((header[1], header[2].strip()))
        elif self._panel and _NAME.fullmatch(line.rstrip(":").lower()):
            self._name = line.rstrip(":")
        elif not self._panel and not line.startswith(("*", "{", "[")):
            self._head = None

    def _told(self, name: str, value: str) -> None:
        """What a title of developer tools says, or a header whose name stood above it."""
        if name == "Request URL":
            self._begin(Exchange(url=value, text=value))
        elif self.found and name == "Request Method":
            self.found[-1].method = value
        elif self.found and name == "Status Code":
            code = _CODE.match(value)
            self.found[-1].status = int(code[1]) if code else None
        elif self._head is not None:
            self._head.append((name, value))

    def _begin(self, one: Exchange, *, request: bool = False) -> None:
        last = self.found[-1] if self.found else None
        if request and last is not None and last.by_curl and last.status is None and not last.target:
            last.target, last.method, last.text = one.target, one.method, one.text  # what the command sent
            last.request = []
            one = last
        else:
            self.found.append(one)
        self._head = one.request if request else None

    def _answer(self, status: int, line: str) -> None:
        self._panel = False
        last = self.found[-1] if self.found else None
        if last is None or last.status not in _INTERIM:
            last = _next(last) if last is not None and last.by_curl else Exchange()
            self.found.append(last)
        last.status, last.answer = status, []
        last.text = last.text or line
        self._head = last.answer


def _next(last: Exchange) -> Exchange:
    """What curl asks after a redirect (`-L`), or again."""
    url = parse_url(_url(last, ""))
    location = next((value for name, value in last.answer if name.lower() == "location"), None)
    target = None if url is None or location is None else resolve(location.encode("utf-8", "replace"), url).url
    return Exchange(last.method, last.url if target is None else str(target), request=list(last.request), by_curl=True)
