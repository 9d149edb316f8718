"""How Chrome, Chromium, Edge and Brave are set up: by arguments, and by the preferences of a new profile.

https://github.com/GoogleChrome/chrome-launcher/blob/main/docs/chrome-flags-for-tools.md tells what most arguments do.
"""

import json
import os
import sys

from cors_addon.browser.place import Place
from cors_addon.browser.wanted import Wanted

_NOBODY = "127.0.0.1:1"
"""Where nobody answers: what cannot be switched off is sent there, past the proxy, and fails at once."""
_OWN_REQUESTS = (
    # what a Chromium would ask or tell its makers
    f"--component-updater=url-source=http://{_NOBODY}/",
    f"--gaia-url=http://{_NOBODY}",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-pings",
    "--no-service-autorun",
    "--extensions-update-frequency=1000000",
    "--disable-features=MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,Translate",
)
_QUIET = (
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-search-engine-choice-screen",
    # no question for the password of the system's key store, which a profile of an hour does not need
    "--password-store=basic",
    "--use-mock-keychain",
)
_PREFERENCES = {
    "alternate_error_pages": {"enabled": False},
    "autofill": {"credit_card_enabled": False, "profile_enabled": False},
    "browser": {"check_default_browser": False, "has_seen_welcome_page": True},
    "credentials_enable_service": False,
    "dns_prefetching": {"enabled": False},
    "net": {"network_prediction_options": 2},
    "ntp": {"num_personal_suggestions": 0},
    "profile": {"password_manager_enabled": False},
    "safebrowsing": {"enabled": False, "enhanced": False},
    "search": {"suggest_enabled": False},
    "signin": {"allowed": False, "allowed_on_next_startup": False},
    "translate": {"enabled": False},
}


def needs_no_sandbox() -> bool:
    """Whether Chromium refuses to run with its sandbox: as root, on Linux, it does."""
    return sys.platform.startswith("linux") and os.geteuid() == 0


def set_up(place: Place, wanted: Wanted, notes: list[str]) -> list[str]:
    """Write the preferences of a new profile, and return the arguments to start with; raises OSError."""
    (place.profile / "Default").mkdir()
    (place.profile / "Default" / "Preferences").write_text(json.dumps(_PREFERENCES), encoding="utf-8")
    own = [
        f"--user-data-dir={place.profile}",
        f"--proxy-server=http://{place.proxy}",
        "--proxy-bypass-list=<-loopback>",
    ]
    if place.authority is not None:
        own.append(f"--ignore-certificate-errors-spki-list={place.authority.key}")
    if needs_no_sandbox():
        own.append("--no-sandbox")
        notes.append("It runs without its sandbox (--no-sandbox), as it must where root starts it.")
    if wanted.headless:
        own.append("--headless")
    return [*own, *_OWN_REQUESTS, *_QUIET, *wanted.arguments, wanted.url, *wanted.also]
