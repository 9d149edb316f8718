"""Firefox's console texts in the languages it ships in, from the table that ``scripts/firefox-texts`` makes.

The table is read when a pasted text is looked at for the first time, and never else.
"""

import gzip
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources

from cors_addon.fetch.patterns import pattern
from cors_addon.reasons.matching import Wording
from cors_addon.reasons.wordings import GECKO_ENGLISH, GECKO_KEYS

_SHORTEST = 24  # characters of a text that is looked for without its beginning
_PLACE = pattern(r"%(?:(\d)\$)?S")

# What the places of a CORS text hold; of the others, see GECKO_ENGLISH.
_CORS_VALUES = {
    "CORSDidNotSucceed2": ("url", "status"),
    "CORSMissingAllowOrigin2": ("url", "status"),
    "CORSPreflightDidNotSucceed3": ("url", "status"),
    "CORSAllowOriginNotMatchingOrigin": ("url", "value"),
    "CORSInvalidAllowMethod": ("url", "token"),
    "CORSInvalidAllowHeader": ("url", "token"),
    "CORSMissingAllowHeaderFromPreflight2": ("url", "header"),
}
_ORDER = {
    key: tuple(re.findall(r"\{(\w+)\}", text)) for key, text in GECKO_ENGLISH.items() if not key.startswith("CSP")
} | dict.fromkeys(
    ("CSPStyleViolation", "CSPScriptViolation", "CSPWorkerViolation", "CSPGenericViolation"),
    ("policy", "url", "directive"),
)
_ORDER["IntegrityMismatch3"] = ("algorithm", "url", "digest")
_ORDER["XFrameOptionsDeny"] = ("value", "url")


@cache
def table() -> dict[str, dict[str, str]]:
    """By language, the texts by key, whole."""
    packed = resources.files("cors_addon.reasons").joinpath("firefox_texts.json.gz").read_bytes()
    languages: dict[str, dict[str, str]] = json.loads(gzip.decompress(packed))["languages"]
    for texts in languages.values():
        beginning = texts.pop("=", "")
        for key, text in texts.items():
            if text.startswith("="):
                texts[key] = beginning + text[1:]
    return languages


def version() -> str:
    """The version of Firefox that the texts are of."""
    packed = resources.files("cors_addon.reasons").joinpath("firefox_texts.json.gz").read_bytes()
    found: str = json.loads(gzip.decompress(packed))["version"]
    return found


def wordings() -> Iterator[Wording]:
    """All texts in all languages, as they are looked for."""
    for language, texts in table().items():
        for key, text in texts.items():
            means = GECKO_KEYS.get(key, key)
            whole = _named(key, text)
            told = None if language.startswith("en") else language
            yield Wording(whole, means, "gecko", told)
            if older := _before_status(whole):
                yield Wording(older, means, "gecko", told)
            if key.startswith("CORS") and (reason := _reason_alone(whole)):
                yield Wording(reason, means, "gecko", told)


def beginnings() -> Iterator[Wording]:
    """What all CORS texts of a language begin with: enough to know the browser and the URL, not the cause."""
    for language, texts in table().items():
        told = None if language.startswith("en") else language
        for text in sorted(set(_beginnings(texts))):
            yield Wording(text + "{url}", "gecko-cut-off", "gecko", told)


def _beginnings(texts: dict[str, str]) -> Iterator[str]:
    """Of a language without brackets each, for its reasons are known alone; else the first will do."""
    cors = [texts[key].partition("%1$S") for key in texts if key.startswith("CORS") and "%1$S" in texts[key]]
    yield from (begun for begun, _, rest in cors if begun and _NO_BRACKETS.match(rest))
    firsts = (texts.get(key, "") for key in ("CORSMissingAllowOrigin2", "CORSMethodNotFound"))
    yield from [text.partition("%1$S")[0] for text in firsts if "%1$S" in text][:1]


def _named(key: str, text: str) -> str:
    """The text with its values' names in the place of %1$S."""
    names = _CORS_VALUES.get(key) or _ORDER.get(key) or ("url",)
    count = iter(range(len(names)))

    def name(match: re.Match[str]) -> str:
        number = int(match[1]) - 1 if match[1] else next(count, 0)
        return f"{{{names[number]}}}" if number < len(names) else "{value}"

    named = _PLACE.sub(name, text.replace("{", "(").replace("}", ")"))
    return re.sub(r"(\{\w+\})[“”]*\1", r"\1", named)  # twice in one: a translator's slip


_NO_BRACKETS = pattern(r"[.。]\s*[^.。:：()（）]{2,20}[:：]\s*([^.。]+(?:\.[^.。\s][^.。]*)*)[.。]")
"""Of languages in which the reason is a sentence of its own."""


def _before_status(text: str) -> str:
    """The same without the status that it ends with, as Firefox wrote it before version 98; empty where none is."""
    before, status, _ = text.partition("{status}")
    sentences = re.match(r"(.*\{url\}.*[.。।)）])[^.。।)）]+$", before, re.DOTALL)
    return sentences[1] if status and sentences is not None else ""


def _reason_alone(text: str) -> str:
    """What stands in brackets, or in a sentence, after the URL, where that is long enough to be told from prose."""
    _, url, rest = text.partition("{url}")
    found = re.match(r"[^(（]*[(（](.*)[)）]", rest) or _NO_BRACKETS.match(rest) if url else None
    if found is None:
        return ""
    reason = re.sub(r"^[^:：]*[:：]\s*", "", found[1])
    fixed = re.sub(r"\{\w+\}", "", reason)
    return (
        reason
        if len(fixed) >= _SHORTEST and re.search("CORS|Access-Control", reason) and fixed == fixed.strip()
        else ""
    )
