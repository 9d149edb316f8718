"""The page about a reason, a finding or a block as Markdown, for whatever shows that: `docs/reasons/`, and SARIF."""

import textwrap

from cors_addon.reasons.pages import Form, HelpPage, Piece

_WIDTH = 120


def pieces(found: HelpPage) -> str:
    """What the page says, without a title."""
    return "".join(map(_piece, found.pieces))


def paragraphs(text: str) -> str:
    """Its lines, each wrapped."""
    return "\n".join(
        textwrap.fill(each, _WIDTH, break_on_hyphens=False, break_long_words=False) for each in text.split("\n")
    )


def _piece(one: Piece) -> str:
    """A paragraph, a list, a browser's line."""
    first = one.lines[0]
    match one.form:
        case Form.HEADING:
            return f"## {first}\n\n"
        case Form.ITEMS:
            return "\n".join(map(_item, one.lines)) + "\n\n"
        case Form.CODE:
            return f"```\n{first}\n```\n\n"
        case Form.SAID:
            named = f" (`{one.lines[1]}`)" if one.lines[1] else ""
            return f"{first}{named}:\n\n```text\n{one.lines[2]}\n```\n\n"
        case Form.ANCHOR:
            return f"<{first}>\n"
        case _:
            return f"{paragraphs(first)}\n\n"


def _item(line: str) -> str:
    return textwrap.fill(line, _WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
