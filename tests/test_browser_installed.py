"""What a person may ask for, and where browsers are looked for: on Linux, macOS and Windows, as far as that is data."""

from pathlib import Path

import pytest

from cors_addon.browser import installed, wanted
from cors_addon.browser.installed import Family, Program, System, find
from cors_addon.browser.wanted import Fault, Wanted


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", Wanted()),
        ("firefox", Wanted("firefox")),
        ("Chromium localhost:8000", Wanted("chromium", "http://localhost:8000")),
        ("https://app.example/a?b#c edge", Wanted("edge", "https://app.example/a?b#c")),
        ("auto headless localhost", Wanted("auto", "http://localhost", headless=True)),
        ("--headless [::1]:8000", Wanted(url="http://[::1]:8000", headless=True)),
        ("--window-size=9,9 -P about:blank", Wanted(arguments=("--window-size=9,9", "-P"))),
        ("/opt/x/chrome 127.0.0.1", Wanted("/opt/x/chrome", "http://127.0.0.1")),
        ("'/opt/x y/chrome'", Wanted("/opt/x y/chrome")),
        ("~/firefox/firefox", Wanted("~/firefox/firefox")),
    ],
)
def test_words_are_understood_in_any_order(words: str, expected: Wanted) -> None:
    """And an option's value holds the same words."""
    read = wanted.split(words)
    assert wanted.read(read) == expected
    assert wanted.split(wanted.join(read)) == read


@pytest.mark.parametrize(
    "word", ["opera", "ftp://a.example/", "http://", "file:///etc/passwd", "http://a:99999/", "a b"]
)
def test_other_words_are_refused(word: str) -> None:
    """With what is accepted."""
    with pytest.raises(Fault, match=r"neither a browser \(auto, chrome, .*firefox\) nor an address such as http://"):
        wanted.read([word])
    with pytest.raises(Fault, match="No closing quotation"):
        wanted.split("'a")


def system(platform: str, *there: str, home: str = "/u") -> System:
    """A machine with these commands, programs or flatpaks."""
    environ = {"HOME": home, "PROGRAMFILES": r"C:\Program Files", "LOCALAPPDATA": r"C:\Users\u\AppData\Local"}
    return System(
        platform,
        environ,
        lambda name: next((each for each in there if each.endswith(f"/{name}")), None),
        lambda path: str(path) in there,
        lambda name: name in there,
    )


@pytest.mark.parametrize(
    ("name", "platform", "there", "command"),
    [
        ("auto", "linux", ["/usr/bin/firefox", "/usr/bin/chromium"], "/usr/bin/chromium"),
        ("auto", "linux", ["/usr/bin/firefox-esr"], "/usr/bin/firefox-esr"),
        ("auto", "linux", ["/usr/bin/brave-browser", "/usr/bin/google-chrome-stable"], "/usr/bin/google-chrome-stable"),
        ("chromium", "linux", ["/usr/bin/google-chrome", "/usr/bin/chromium-browser"], "/usr/bin/chromium-browser"),
        ("chromium", "linux", ["/usr/bin/microsoft-edge"], "/usr/bin/microsoft-edge"),
        ("firefox", "linux", ["/usr/bin/chromium"], None),
        ("auto", "linux", [], None),
        (
            "auto",
            "darwin",
            ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"],
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        ),
        (
            "firefox",
            "darwin",
            ["/u/Applications/Firefox.app/Contents/MacOS/firefox"],
            "/u/Applications/Firefox.app/Contents/MacOS/firefox",
        ),
        (
            "auto",
            "win32",
            [r"C:\Users\u\AppData\Local\Google\Chrome\Application\chrome.exe"],
            r"C:\Users\u\AppData\Local\Google\Chrome\Application\chrome.exe",
        ),
        (
            "edge",
            "win32",
            [r"C:\Program Files\Microsoft\Edge\Application\msedge.exe"],
            r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
        ),
        (
            "firefox",
            "win32",
            [r"C:\Program Files\Mozilla Firefox\firefox.exe"],
            r"C:\Program Files\Mozilla Firefox\firefox.exe",
        ),
        ("auto", "win32", ["com.google.Chrome"], None),
    ],
)
def test_browsers_are_found(name: str, platform: str, there: list[str], command: str | None) -> None:
    """Where installers and packages put them, in the order of the names."""
    found = find(name, system(platform, *there))
    assert (found and found.command) == (command and (command,))
    if found is not None:
        assert (found.family == Family.FIREFOX) == ("firefox" in str(command).lower())


def test_a_flatpak_comes_last() -> None:
    """It is found by its own command, and started by it."""
    found = find("auto", system("linux", "org.mozilla.firefox", "com.brave.Browser"))
    assert found == Program(
        "Brave", Family.CHROMIUM, ("flatpak", "run", "com.brave.Browser"), flatpak="com.brave.Browser"
    )
    at_hand = find("auto", system("linux", "com.brave.Browser", "/usr/bin/firefox"))
    assert at_hand is not None
    assert at_hand.command == ("/usr/bin/firefox",)


def test_a_snap_gets_its_profile_where_it_can_see_it(tmp_path: Path) -> None:
    """A snap has a /tmp of its own; Ubuntu's commands elsewhere are scripts that start it."""
    found = find("chromium", system("linux", "/snap/bin/chromium"))
    assert found is not None
    assert found.profiles == Path("/u/snap/chromium/common")
    script = tmp_path / "firefox"
    script.write_text('#!/bin/sh\nif ! [ -x /snap/bin/firefox ]; then exit 1; fi\nexec /snap/bin/firefox "$@"\n')
    found = find("firefox", system("linux", str(script)))
    assert found is not None
    assert found.profiles == Path("/u/snap/firefox/common")
    script.write_text('#!/bin/sh\nexec /usr/lib/firefox/firefox "$@"\n')
    found = find("firefox", system("linux", str(script)))
    assert found is not None
    assert found.profiles is None


@pytest.mark.parametrize(
    ("name", "family"), [("firefox-nightly", "firefox"), ("LibreWolf", "firefox"), ("x", "chromium")]
)
def test_a_browser_is_started_by_its_path(tmp_path: Path, name: str, family: str) -> None:
    """Its name tells the family."""
    path = tmp_path / name
    assert find(str(path)) is None
    path.touch()
    found = find(str(path))
    assert found is not None
    assert (found.title, found.family, found.command) == (name, family, (str(path),))


def test_the_names_are_those_that_are_documented() -> None:
    """In this order they are looked for."""
    assert installed.NAMES == ("auto", "chrome", "chromium", "edge", "brave", "firefox")
