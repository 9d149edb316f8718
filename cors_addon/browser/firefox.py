"""How Firefox is set up: by the preferences of a new profile, and a certificate in its store."""

import hashlib
import json
from importlib import import_module
from pathlib import Path

from cors_addon.browser.authority import Authority
from cors_addon.browser.place import Place
from cors_addon.browser.wanted import Wanted

type Value = str | int | bool

_PROXY: dict[str, Value] = {
    "network.proxy.type": 1,
    "network.proxy.no_proxies_on": "",
    "network.proxy.allow_hijacking_localhost": True,
    # a page there is a secure context in every Firefox, and would not be in one that proxies it
    "network.proxy.testing_localhost_is_secure_when_hijacked": True,
    "network.proxy.failover_direct": False,
    "network.proxy.allow_bypass": False,
}
_OWN_REQUESTS: dict[str, Value] = {
    # what a Firefox would ask or tell its makers
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "app.update.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.contentblocking.report.lockwise.enabled": False,
    "browser.discovery.enabled": False,
    "browser.newtabpage.activity-stream.feeds.section.topstories": False,
    "browser.newtabpage.activity-stream.feeds.topsites": False,
    "browser.newtabpage.enabled": False,
    "browser.ping-centre.telemetry": False,
    "browser.region.network.url": "",
    "browser.region.update.enabled": False,
    "browser.safebrowsing.blockedURIs.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.search.geoip.url": "",
    "browser.search.serpEventTelemetryCategorization.enabled": False,
    "browser.search.suggest.enabled": False,
    "browser.search.update": False,
    "browser.topsites.contile.enabled": False,
    "browser.urlbar.quicksuggest.enabled": False,
    "browser.urlbar.suggest.searches": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.usage.uploadEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.blocklist.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.systemAddon.update.url": "",
    "extensions.update.enabled": False,
    "geo.provider.network.url": "",
    "media.gmp-manager.updateEnabled": False,
    "media.gmp-manager.url": "",
    "messaging-system.rsexperimentloader.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.http.speculative-parallel-limit": 0,
    "network.prefetch-next": False,
    "network.trr.mode": 5,
    "nimbus.rollouts.enabled": False,
    "services.settings.server": "data:,none",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
    "toolkit.telemetry.unified": False,
}
ENVIRONMENT = {"MOZ_REMOTE_SETTINGS_DEVTOOLS": "1"}
"""Without it, a Firefox that is released ignores `services.settings.server`."""
_QUIET: dict[str, Value] = {
    "browser.aboutConfig.showWarning": False,
    "browser.aboutwelcome.enabled": False,
    "browser.preonboarding.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.tabs.warnOnClose": False,
    "datareporting.policy.firstRunURL": "",
    "startup.homepage_welcome_url": "",
    "startup.homepage_welcome_url.additional": "",
    "termsofuse.bypassNotification": True,
    "trailhead.firstrun.didSeeAboutWelcome": True,
}


_NO_STORE = (
    "It does not trust mitmproxy's certificate: mitmproxy's standalone program lacks Python's sqlite3. Install it "
    "there from http://mitm.it, or run mitmproxy in a Python environment."
)


def set_up(place: Place, wanted: Wanted, notes: list[str]) -> list[str]:
    """Write preferences and certificate store of a new profile, and return the arguments to start with.

    Raises OSError.
    """
    host, _, port = place.proxy.rpartition(":")
    preferences = _PROXY | _OWN_REQUESTS | _QUIET
    for scheme in ("http", "ssl"):
        preferences |= {f"network.proxy.{scheme}": host.strip("[]"), f"network.proxy.{scheme}_port": int(port)}
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items())
    (place.profile / "user.js").write_text("".join(lines), encoding="utf-8")
    if place.authority is not None:
        try:
            _trust(place.profile / "cert9.db", place.authority)
        except ImportError:
            notes.append(_NO_STORE)
    # Windows' firefox.exe would end as soon as it has started another
    own = ["-profile", str(place.profile), "-no-remote", "-wait-for-browser"]
    return [*own, *(("-headless",) if wanted.headless else ()), *wanted.arguments, wanted.url, *wanted.also]


def _trust(store: Path, authority: Authority) -> None:
    """Write a certificate store that trusts one authority, for servers alone; raises ImportError.

    https://searchfox.org/mozilla-central/source/security/nss/lib/softoken/sdb.c has its form: a table of PKCS #11
    objects, a column an attribute; NSS adds what columns it misses. What is to be trusted bears a signature by a key of
    the profile, if there is one. There is none yet: Firefox makes it at its first start, when it signs what it finds
    (`sftkdb_ChangePassword` in sftkpwd.c beside it).
    """
    sqlite3 = import_module("sqlite3")  # mitmproxy's standalone programs lack it

    of_both = {"a1": b"\1", "a2": b"\0", "a3": b"mitmproxy", "a81": authority.issuer, "a82": authority.serial}
    certificate = of_both | {
        "a0": _number(_CERTIFICATE),
        "a11": authority.certificate,
        "a80": _number(_X_509),
        "a101": authority.subject,
        "a102": hashlib.sha1(authority.subject, usedforsecurity=False).digest(),
    }
    trust = of_both | {
        "a0": _number(_TRUST),
        "ace536358": _number(_TRUSTED_AUTHORITY),  # for servers
        "ace536359": _number(_UNKNOWN),  # for clients
        "ace53635a": _number(_UNKNOWN),  # for code
        "ace53635b": _number(_UNKNOWN),  # for mail
        "ace536360": b"\0",
        "ace5363b4": hashlib.sha1(authority.certificate, usedforsecurity=False).digest(),
        "ace5363b5": hashlib.md5(authority.certificate, usedforsecurity=False).digest(),
    }
    columns = ", ".join(dict.fromkeys([*certificate, *trust]))
    database = sqlite3.connect(store)
    try:
        database.execute(f"CREATE TABLE nssPublic (id PRIMARY KEY UNIQUE ON CONFLICT ABORT, {columns})")
        for name, column in {"issuer": "a81", "subject": "a101", "label": "a3", "ckaid": "a102"}.items():
            database.execute(f"CREATE INDEX {name} ON nssPublic ({column})")
        for number, row in enumerate((certificate, trust), 1):
            marks = ", ".join("?" * (1 + len(row)))
            database.execute(f"INSERT INTO nssPublic (id, {', '.join(row)}) VALUES ({marks})", (number, *row.values()))
        database.commit()
    finally:
        database.close()


# https://searchfox.org/mozilla-central/source/security/nss/lib/util/pkcs11n.h and pkcs11t.h
_CERTIFICATE = 0x1
_X_509 = 0x0
_TRUST = 0xCE534353
_TRUSTED_AUTHORITY = 0xCE534352
_UNKNOWN = 0xCE534355


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")
