"""The formats of recordings: how each is known by its first bytes, and what reads it.

A format is a module that reads it and a row here. Its detector says whether a file is its own, or raises `Damage` where
it is, yet cannot be used. Rows are asked in order: those that are sure of a mark of theirs before those that guess.
"""

import codecs
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from cors_addon.exchange.timing import HAR_SKEW
from cors_addon.recordings import har
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.source import PACKINGS, UTF16_MARKS, Damage, Head, Source

_HAR_NAMES = (".har", ".zhar")
_HAR_MARKS = ("log.version", "log.creator", "log.entries")


class Format(NamedTuple):
    """One kind of recording."""

    name: str
    """As people call it."""
    is_mine: Callable[[Head], bool]
    """Raises `Damage` for a file of this format that is of no use."""
    read: Callable[[Source, Wanted], Iterator[Recorded | None]]
    """Gives each exchange, None for one that CORS has nothing to do with; raises `Damage` after the last good one."""
    skew: float = 0.0
    """Seconds by which its times may be wrong against each other."""
    in_zip: str | None = None
    """What the names of such files end with of which a zip file may hold one, beside others of no use."""


_UNPACK = "unpack it, and name the recordings in it"
_UNREAD: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "UTF-32, which is not read: UTF-8 and UTF-16 are"),
    ((b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"), f"an archive of another kind than zip, which is not read: {_UNPACK}"),
    ((b"onInputData(",), "JSONP: a HAR file is JSON alone, without the call around it"),
)
"""What people have, and this does not read."""


def _says_it_is_har(head: Head) -> bool:
    return head.members is None and head.shape.opens == "{" and any(each in head.shape for each in _HAR_MARKS)


def _is_har(head: Head) -> bool:
    if head.members is not None:
        return False
    if not head.start and head.name.lower().endswith(_HAR_NAMES):
        raise Damage("an empty file, and so no HAR", 0)
    if any(each.is_mine(head) for each in _sure()):
        return False
    return head.start.startswith(UTF16_MARKS) or head.start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(
        (b"{", b"[")
    )


def _is_dump(head: Head) -> bool:
    if head.members is not None:
        return False
    return head.start[:1].isdigit()  # the length of the first flow


def _read_dump(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    from cors_addon.recordings import dump, selection  # mitmproxy takes a while to import

    choose = selection.parse(wanted.expression) if wanted.expression else None
    return dump.read(source, choose, learned=wanted.learned)


def _is_empty(head: Head) -> bool:
    return head.members is None and not head.start


def _read_nothing(_source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    wanted.note("an empty file: nothing was recorded", 1)
    return iter(())


HAR = Format("HAR", _is_har, har.read, skew=HAR_SKEW, in_zip=".har")
DUMP = Format("mitmproxy dump", _is_dump, _read_dump)


@cache
def _sure() -> tuple[Format, ...]:
    """Each has a mark of its own. They take a while to import: what says that it is a HAR file does without."""
    from cors_addon.recordings import (
        bidi,
        burp,
        cdp,
        charles,
        console_log,
        fiddler,
        netlog,
        playwright_trace,
        proxyman,
    )

    return (
        Format("DevTools protocol log", cdp.is_mine, cdp.read, skew=HAR_SKEW),
        Format("NetLog of Chrome", netlog.is_mine, netlog.read),
        Format("Playwright trace", playwright_trace.is_mine, playwright_trace.read, skew=HAR_SKEW),
        Format("WebDriver BiDi log", bidi.is_mine, bidi.read, skew=HAR_SKEW),
        Format("session of Charles", charles.is_mine, charles.read, skew=HAR_SKEW),
        Format("file of Burp's saved items", burp.is_mine, burp.read, skew=HAR_SKEW),
        Format("session archive of Fiddler", fiddler.is_mine, fiddler.read, skew=HAR_SKEW),
        Format("log of Proxyman", proxyman.is_mine, proxyman.read, skew=HAR_SKEW),
        Format("report of Lighthouse", console_log.is_lighthouse, console_log.read_lighthouse),
        Format("log of a console's messages", console_log.is_messages, console_log.read_messages),
        Format("text of a console", console_log.is_text, console_log.read_text),
    )


def every() -> tuple[Format, ...]:
    """In the order in which they are asked."""
    return (*_sure(), HAR, DUMP)


_EMPTY = Format("empty file", _is_empty, _read_nothing)
"""As mitmdump writes it where nothing passed."""


def find_in(source: Source) -> Format:
    """The format of a file, after which it is to be read; raises `Damage` for what is no recording."""
    if source.head.members is not None and not any(each.is_mine(source.head) for each in every()):
        source.enter(_single(source.head.members))
    return find(source.head)


def _is_tar(start: bytes) -> bool:
    return start[257:262] == b"ustar"


def _lacks_its_mark(start: bytes) -> bool:
    """Whether each second byte of the first few is NUL: a text in UTF-16."""
    first = start[:16]
    return len(first) > 3 and (not any(first[::2]) or not any(first[1::2])) and any(first)


def _is_brotli(head: Head) -> bool:
    """Whether it is packed by Brotli, which has no mark of its own: by its name, unless it is a text all the same."""
    first = head.start[:64].removeprefix(codecs.BOM_UTF8)
    return head.name.lower().endswith(".br") and any(byte > 126 or byte in range(1, 9) for byte in first)


def _single(names: Sequence[str]) -> str:
    """The one file in a zip file, or the one recording among several; raises Damage where there is not one."""
    wanted = {each.in_zip: each.name for each in every() if each.in_zip is not None}
    files = [name for name in names if not (name.endswith("/") or name.startswith("__MACOSX/"))]
    found = files if len(files) == 1 else [name for name in files if name.endswith(tuple(wanted))]
    if len(found) != 1:
        what = " or ".join(wanted.values())
        raise Damage(f"a zip file with {len(found)} {what} files in it, not one: {_UNPACK}", 0)
    return found[0]


def find(head: Head) -> Format:
    """The format of a file that begins like this; raises `Damage` for what is no recording.

    Of a zip file with one recording in it that is what is in it; a format of several files knows their names.
    """
    if _is_tar(head.start):
        raise Damage(f"a tar archive, which is not read: {_UNPACK}", 0)
    if _lacks_its_mark(head.start):
        raise Damage("UTF-16 without a byte order mark, which is not read: with one, and UTF-8, it is", 0)
    if _is_brotli(head):
        raise Damage("packed by Brotli, which is not read: unpack it first (brotli --decompress FILE)", 0)
    for marks, what in _UNREAD:
        if head.start.startswith(marks):
            raise Damage(what, 0)
    if _says_it_is_har(head):
        return HAR
    from cors_addon.recordings import others  # of use to what is no HAR file by its first bytes

    for each in (*every(), _EMPTY):
        if each is HAR and (other := others.what_it_is(head)) is not None:
            raise Damage(other, 0)
        if each.is_mine(head):
            return each
    *some, last = PACKINGS
    known = ", ".join(each.name for each in reversed(every()))
    raise Damage(f"no recording: what is read is a {known}, plain or packed by {', '.join(some)} or {last}", 0)
