"""The maker of the table of Firefox's texts, on language packs of our own."""

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENGLISH = (
    "CORSDisabled=Blocked at %1$S. (Reason: off).\nCORSDidNotSucceed2 = Blocked at %1$S. (Reason: no). Code: %2$S.\n"
)
GERMAN = (
    "CORSDisabled=Zu bei %1$S. (Grund: aus).\nCORSDidNotSucceed2 = Zu bei %1$S. (Grund: nein). Nr.: %2$S.\nOther=x\n"
)


def pack(path: Path, language: str, security: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"chrome/{language}/locale/{language}/global/security/security.properties", security)
        archive.writestr(
            f"chrome/{language}/locale/{language}/global/css.properties", "MimeNotCss=The %1$S is %2$S\nA=b\n"
        )


def test_the_table_is_made(tmp_path: Path) -> None:
    """What is wanted, where it differs from English, its common beginning once; the same again byte for byte."""
    pack(tmp_path / "omni.ja", "en-US", ENGLISH)
    (tmp_path / "application.ini").write_text("[App]\nVersion=153.8.0\n")
    (tmp_path / "packs").mkdir()
    pack(tmp_path / "packs" / "langpack-de@firefox.xpi", "de", GERMAN)
    pack(tmp_path / "packs" / "langpack-en-GB@firefox.xpi", "en-GB", ENGLISH)
    made = []
    for name in ("one.gz", "two.gz"):
        arguments = [str(tmp_path / "packs"), str(tmp_path / "omni.ja"), "--output", str(tmp_path / name)]
        subprocess.run([sys.executable, str(ROOT / "scripts" / "firefox-texts"), *arguments], check=True)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    table = json.loads(gzip.decompress(made[0]))
    assert table["version"] == "153.8.0esr"
    assert table["languages"] == {
        "de": {
            "=": "Zu bei %1$S. (Grund: ",
            "CORSDisabled": "=aus).",
            "CORSDidNotSucceed2": "=nein). Nr.: %2$S.",
        }
    }
