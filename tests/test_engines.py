"""How engines are told apart, and what is known of each."""

import pytest

from cors_addon.engines import ENGINES, detect

BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)"
KIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {KIT}"

AGENTS: dict[str, str | None] = {
    # Chromium
    f"Mozilla/5.0 (X11; Linux x86_64) {BLINK} Chrome/156.0.0.0 Safari/537.36": "chromium",
    f"Mozilla/5.0 (X11; Linux x86_64) {BLINK} HeadlessChrome/156.0.0.0 Safari/537.36": "chromium",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "chromium",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0": "chromium",
    f"Mozilla/5.0 (Linux; Android 10; K) {BLINK} Chrome/140.0.0.0 Mobile Safari/537.36": "chromium",
    f"Mozilla/5.0 (Linux; Android 14; wv) {BLINK} Version/4.0 Chrome/140.0.0.0": "chromium",
    f"Mozilla/5.0 (Linux; Android 14) {BLINK} SamsungBrowser/28.0 Chrome/130.0.0.0": "chromium",
    f"Mozilla/5.0 (X11; Linux x86_64) {BLINK} Ubuntu Chromium/80.0 Safari/537.36": "chromium",
    f"Mozilla/5.0 (Macintosh) {BLINK} Code/1.99 Chrome/132.0.0.0 Electron/34.0.0 Safari/537.36": "chromium",
    # Gecko
    "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0": "gecko",
    "Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0": "gecko",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0": "gecko",
    "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0": "gecko",
    "Mozilla/5.0 (X11; Linux x86_64; rv:6.6) Goanna/20240801 PaleMoon/33.2.1": "gecko",
    # WebKit
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {KIT} Version/18.5 Safari/605.1.15": "webkit",
    f"Mozilla/5.0 (X11; Linux x86_64) {KIT} Version/18.5 Safari/605.1.15": "webkit",
    f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1": "webkit",
    f"{IPHONE} Mobile/15E148": "webkit",
    f"{IPHONE} CriOS/140.0.0.0 Mobile/15E148 Safari/604.1": "webkit",
    f"{IPHONE} FxiOS/140.0 Mobile/15E148 Safari/605.1.15": "webkit",
    f"{IPHONE} Version/18.5 EdgiOS/140.0 Mobile/15E148 Safari/604.1": "webkit",
    f"Mozilla/5.0 (PlayStation; PlayStation 5/9.00) {KIT} Version/16.5 Safari/605.1.15": "webkit",
    # the standard itself
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Servo/0.0.1 Firefox/128.0": "fetch",
    # none of them
    "": None,
    "curl/8.14.1": None,
    "python-requests/2.32.4": None,
    "PostmanRuntime/7.44.0": None,
    "node": None,
    "okhttp/5.0.0": None,
    "Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko": None,
    "Mozilla/5.0 (compatible; bot/1.0)": None,
}


@pytest.mark.parametrize(("agent", "expected"), AGENTS.items())
def test_detect(agent: str, expected: str | None) -> None:
    """By the User-Agent: on iOS all are WebKit; what is no browser has no engine."""
    engine = detect(agent.encode())
    assert (engine.name if engine else None) == expected


def test_detect_takes_any_bytes() -> None:
    """A User-Agent is whatever a client sends."""
    assert [detect(value) for value in (b"\xff\x00", b"Gecko/", b"\xffrv:")] == [None] * 3


def test_every_engine_by_its_own_name() -> None:
    """In `cors_engine`, in the JSON lines and in its rules it is called the same."""
    assert {name: (engine.name, engine.rules.name) for name, engine in ENGINES.items()} == {
        name: (name, name) for name in ("chromium", "gecko", "webkit", "fetch")
    }
