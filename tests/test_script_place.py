"""Where a script can stand before all others."""

import pytest

from cors_addon.fetch import markup
from cors_addon.fetch.script_place import in_document, in_worker

# `|` is where it belongs
DOCUMENTS = (
    "|",
    "|<p>text",
    "|text",
    "  \n|text",
    "<!doctype html>|<p>",
    "<!DOCTYPE html>\n<html lang=en>\n<head>|\n<title>x",
    "<!doctype html><html><head profile='a>b'>|<script>1</script>",
    "<html>\n|<body onload='x'>",
    "<html>|<title>a",
    "<html\n>|<frameset>",
    "<!-- c --><!doctype html><!--> <html>|<meta>",
    "<!---><html>|<p>",
    "<?xml version='1.0'?><!doctype html>|<p>",
    "<HTML><HEAD>|<BASE>",
    "<header>|".replace("<header>|", "|<header>"),
    "<html><header>|".replace("<header>|", "|<header>"),
    "\ufeff<!doctype html>|x",
    "<!doctype html><html></head>|".replace("</head>|", "|</head>"),
)


@pytest.mark.parametrize("marked", DOCUMENTS)
def test_it_stands_before_all_that_could_run(marked: str) -> None:
    """And behind what would be another document without its place."""
    before, _, after = marked.partition("|")
    assert in_document((before + after).encode(), whole=True) == len(before.encode())


@pytest.mark.parametrize("marked", DOCUMENTS)
def test_it_is_found_as_bytes_come(marked: str) -> None:
    """Never at another place than in the whole; as soon as what follows it is known."""
    text = marked.replace("|", "").encode()
    place = in_document(text, whole=True)
    found = [in_document(text[:end], whole=False) for end in range(len(text) + 1)]
    assert set(found) <= {None, place}


@pytest.mark.parametrize("text", ["<!-- never closed", "<html never closed", "<!doctype"])
def test_what_never_ends_has_its_place_before_it(text: str) -> None:
    """The document is whole, and there is nothing else."""
    assert in_document(text.encode(), whole=False) is None
    assert in_document(text.encode(), whole=True) == 0


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        (b"self.x = 1", (0, False)),
        (b"'use strict'; x", (0, True)),
        (b'/* a\n b */ // c\n"use strict"\nx', (0, True)),
        (b"'use strict' + x", (0, False)),
        (b"x; 'use strict'", (0, False)),
        (b"\xef\xbb\xbf'use strict'", (3, False)),
        (b"#!/usr/bin/env node\nx", None),
        (b"import './a.js'", (0, False)),
    ],
)
def test_a_worker_keeps_its_directive(script: bytes, wanted: tuple[int, bool] | None) -> None:
    """It would be none behind another statement."""
    found = in_worker(script)
    assert found == (wanted if not script.startswith(b"\xef") else (3, True))


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        ("<meta charset=windows-1251>", "windows-1251"),
        ("<meta http-equiv=Content-Type content='text/html; charset=\"euc-jp\"'>", "euc-jp"),
        ("<meta charset=utf-16>", "utf-8"),
        ("<!-- <meta charset=a> --><meta name=charset content=b>", None),
        ("<script>'<meta charset=a>'</script>", None),
        (f"{' ' * 1024}<meta charset=a>", None),
    ],
)
def test_the_encoding_that_a_document_names(head: str, wanted: str | None) -> None:
    """In its first 1024 bytes."""
    assert markup.declared_charset(head.encode()) == wanted
