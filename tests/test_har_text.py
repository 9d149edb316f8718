"""HAR entries taken out of the text of a file: they are what decoding all of it gives."""

import base64
import io
import json
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_addon.recordings import har_fields, har_text, json_stream
from cors_addon.recordings.har_fields import Lines, UnreadText
from cors_addon.recordings.source import Damage, Source
from tests.test_har import entry

PAGE_VALUE = '"https://app.example.com"'
RECORDED = Path(__file__).parent / "cases" / "har"


def plain(value: Any) -> Any:
    """An entry with each header list as it is read, and bodies decoded."""
    if isinstance(value, UnreadText):
        return value.read()
    if isinstance(value, dict):
        named = {key: plain(each) for key, each in value.items() if key != "headers"}
        if "headers" in value:
            named["headers"] = (har_fields.header_list(value["headers"]), har_fields.header_names(value))
        return named
    return [plain(each) for each in value] if isinstance(value, list) else value


def read(text: str) -> Iterator[Any]:
    """The entries of an array, as they are taken out of it."""
    return iter(
        har_text.Entries(json_stream.Text(Source("x.har", io.BytesIO(text.encode("utf-8", "surrogateescape")))))
    )


def compare(text: str) -> int:
    """Both ways to read an array; returns how many header lists were not decoded as JSON."""
    quick = list(read(text))
    assert [plain(each) for each in quick] == [plain(each) for each in json.loads(text, strict=False)]
    messages = [message for each in quick for message in (each["request"], each["response"])]
    return sum(isinstance(message.get("headers"), Lines) for message in messages)


@pytest.mark.parametrize("indent", [None, 2, 4])
def test_recorded(indent: int | None) -> None:
    """Nearly all entries are like most, however they are laid out."""
    for file in RECORDED.glob("*.har*"):
        data = file.read_bytes() if file.suffix == ".har" else lzma.decompress(file.read_bytes())
        entries = json.loads(data.decode("utf-8-sig"))["log"]["entries"]
        assert compare(json.dumps(entries, indent=indent)) >= 2 * (len(entries) - 1), (
            file
        )  # the last has none behind it


def odd() -> Iterator[tuple[str, bool | None]]:
    """Texts of three entries, of which the first is in some way odd; whether its header lists are known all the same.

    None: that is of no interest.
    """
    one, other = json.dumps(entry(status=418, _more=[]), indent=1), json.dumps(entry(at=1), indent=1)

    def changed(old: str, new: str, known: bool | None) -> tuple[str, bool | None]:
        assert old in one
        return f"[{one.replace(old, new)}, {other}, {other}]", known

    yield changed("{", "{", True)
    for value in (
        "]",
        "}]",
        "{",
        '{\\"name\\"',
        '\\"',
        "\\\\",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\udcff",
        "ü",
        "\t",
        "a\\tb",
        "",
    ):
        yield changed(PAGE_VALUE, f'"{value}"', True)
    yield changed(PAGE_VALUE, '"a\\nb"', False)  # two lines
    for value in ("null", "7", "true", "[]", '["a"]', "{}", '{"a": [{}]}', "NaN", "-Infinity"):
        yield changed(PAGE_VALUE, value, None)
    yield changed('"name": "Host"', '"name": ":authority"', True)
    yield changed('"name": "Host"', '"name": null', True)
    yield changed('"name": "Host",', '"comment": "x", "name": "Host",', False)
    yield changed('"headers": [', '"headers" : [', True)
    yield changed('"status": 418', '"status": NaN', False)
    yield changed('"_more": []', '"_more": {"headers": []}', False)
    yield changed('"_more": []', '"_more": {"a\\"headers": []}', False)
    for text in ("", "x" * 300, '\\"' * 300, "\\\\" * 300, 'x\\\\\\"' * 100, "x\\\\", "x" * 300 + "\\\\", "}]" * 300):
        yield changed('"mimeType": ""', f'"text": "{text}"', True)
        yield changed('"mimeType": ""', f'"text": "{text}", "encoding": "base64"}}, "redirectURL": "", "x": {{', True)
        yield changed('"mimeType": ""', f'"text": "{text}", "comment": "\\""}}, "redirectURL": "", "x": {{', True)


def test_odd_texts() -> None:
    """Each is read as JSON reads it."""
    for text, known in odd():
        try:
            count = compare(text)
        except AssertionError as error:
            raise AssertionError(f"{text[:2000]}: {error}") from None
        if known is not None:
            assert count == (4 if known else 2), text[:500]


def test_what_is_no_json() -> None:
    """Is damage where it stands, after what came before."""
    good = json.dumps(entry(), indent=1)
    for wrong in (
        '"headers": [x',
        '"headers": [{"name": "a" "value": "b"}',
        '"headers": [{"name": "a"},]',
        '"headers": ]',
    ):
        text = f"[{good}, {good.replace('"headers": [', wrong, 1)}, {good}]"
        entries = read(text)
        assert next(entries)
        with pytest.raises(Damage) as found:
            list(entries)
        assert (found.value.offset or 0) > len(good)


def test_the_memory_of_lines_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes."""
    monkeypatch.setattr(har_text, "_MAX_LINES", 10)
    monkeypatch.setattr(har_text, "_MAX_LISTS", 10)
    many = [entry(request={f"X-{number}": str(number)}) for number in range(100)]
    entries = har_text.Entries(json_stream.Text(Source("x.har", io.BytesIO(json.dumps(many).encode()))))
    assert len(list(entries)) == len(many)
    assert 0 < sum(len(known) for pair in entries._known.values() for known in pair) <= 20
    assert 0 < len(entries._lists) <= 10


def test_a_list_that_comes_again_is_the_same() -> None:
    """It is read once, unless a value of it has a bracket, which may end a list elsewhere."""
    for value, same in (("plain", True), ("a ] b", False)):
        first, second, _ = read(json.dumps([entry(request={"X-Value": value})] * 3, indent=1))
        assert plain(first) == plain(second) == plain(entry(request={"X-Value": value}))
        assert (first["request"]["headers"] is second["request"]["headers"]) is same


class Pieces:
    """A source that gives a text in pieces, and then damage."""

    def __init__(self, text: str, size: int, damage: Damage | None = None) -> None:
        """Of so many bytes each."""
        data = text.encode()
        self._pieces = [data[at : at + size] for at in range(0, len(data), size)]
        self._damage = damage

    def read(self) -> bytes:
        """The next piece."""
        if not self._pieces and self._damage is not None:
            raise self._damage
        return self._pieces.pop(0) if self._pieces else b""


@pytest.mark.parametrize("size", [700, 4000, 10**6])
def test_an_entry_that_is_cut_is_read_once_its_rest_is_there(size: int) -> None:
    """Its header lists and its body are taken out of the text as those of any other."""
    one = entry(response={"X-Big": "x" * 300}, content={"text": "y" * 2000, "mimeType": "text/plain"})
    found = list(har_text.Entries(json_stream.Text(Pieces(json.dumps([one] * 9, indent=1), size))))
    assert [plain(each) for each in found] == [plain(one)] * 9
    assert sum(isinstance(each["request"]["headers"], Lines) for each in found) == 8  # the last has none behind it


@pytest.mark.parametrize("size", [700, 10**6])
def test_what_was_read_before_damage_is_given_before_it(size: int) -> None:
    """Whole entries first, though none after them shows where they end; the damage is where the next one begins."""
    text = json.dumps([entry()] * 3, indent=1)
    whole = text[: text.rindex("{", 0, text.rindex('"startedDateTime"'))]
    for end in (len(text) - 1, len(whole) + 50):
        entries = iter(har_text.Entries(json_stream.Text(Pieces(text[:end], size, Damage("it is torn")))))
        found: list[Any] = []
        with pytest.raises(Damage, match="torn") as raised:
            found.extend(map(plain, entries))
        assert found == [plain(entry())] * (3 if end > len(whole) + 50 else 2)
        assert raised.value.offset is not None
        assert raised.value.offset <= end


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_long_bodies_are_left_undecoded(layers: int) -> None:
    """However many quotation marks and backslashes they have, and JSON in strings of JSON; and read all the same."""
    for piece in ('{"id": 1, "path": "C:\\\\dir", "text": "a\nb"}, ', '"', 'x "redirectURL": ""', '\\" "', 'é "'):
        body = piece * 300
        for _ in range(layers):
            body = json.dumps(body)
        one = entry(_more={"path": "C:\\"})
        one["response"] |= {"content": {"text": body}, "redirectURL": ""}
        first, second, _ = read(json.dumps([one] * 3, indent=1))
        for each in (first, second):
            assert isinstance(each["response"]["content"]["text"], UnreadText), (layers, piece)
            assert plain(each) == plain(one)


@given(st.text(st.sampled_from('"\\x,}'), min_size=har_text._SHORT_BODY, max_size=2 * har_text._SHORT_BODY))
def test_bodies_end_where_they_do(body: str) -> None:
    """Whatever is in them, and whether they are left undecoded or not."""
    one = entry()
    one["response"]["content"] = {"text": body}
    assert [plain(each) for each in read(json.dumps([one] * 3))] == [plain(one)] * 3


@given(st.lists(st.text(st.sampled_from('"\\x')), min_size=2, max_size=4), st.sampled_from([", ", ",", ": ", "\n"]))
def test_the_end_of_a_string_is_right_or_unknown(strings: list[str], between: str) -> None:
    """Whatever strings follow it."""
    text = between.join(map(json.dumps, strings))
    for find in (har_text._end_of_body, har_text._end_by_count):
        assert find(text, 1, len(text)) in (-1, len(json.dumps(strings[0])) - 1)


@given(st.text(st.characters(codec="utf-8"), min_size=50), st.integers(1, 60))
def test_the_beginning_of_a_body(body: str, most: int) -> None:
    """So many characters of it at least, none of them torn."""
    for ascii_only in (True, False):
        read = UnreadText(json.dumps(body * 9, ensure_ascii=ascii_only)).read(most)
        assert read is not None
        assert len(read) >= most
        assert (body * 9).startswith(read[:most])


@given(st.binary(max_size=300), st.integers(1, 400), st.sampled_from([base64.b64encode, base64.encodebytes]))
def test_the_beginning_of_a_coded_body_is_read_whether_or_not_it_has_line_breaks(
    body: bytes, limit: int, coded: Callable[[bytes], bytes]
) -> None:
    """At least as many bytes as are wanted; writers such as MIME's put 76 characters on a line."""
    content = {"text": coded(body).decode(), "encoding": "base64"}
    found = har_fields.body_of({"content": content}, limit)
    assert found is not None
    assert found[:limit] == body[:limit]
