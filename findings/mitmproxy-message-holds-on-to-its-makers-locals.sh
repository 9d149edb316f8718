#!/usr/bin/env bash
# To make a Request or Response keeps all that the function which makes it had in its hands, until garbage is collected.
#
# Software:  mitmproxy 12.3.1 (PyPI), CPython 3.12 or newer (PYTHON names it).
# Input:     a function, as a hook of an addon is one, that has an object in a local name, calls http.Response.make(200)
#            or http.Request.make("GET", url), and returns.
# Surprise:  the object stays. mitmproxy checks the types of a message's fields by errors that it raises and catches
#            (mitmproxy/utils/typecheck.py, check_option_type), and one that stays in a local name holds, by its
#            traceback, the frame of that name, and so every frame above it. Nothing refers to them any more, but only
#            the collector for circles finds that out. An addon that answers with the content of a large file, read into
#            a local, has several of them in memory at a time.
# Seen:      a function that makes Headers: its object is gone
#            a function that makes a Response: its object stays until gc.collect()
#            a function that makes a Request: its object stays until gc.collect()
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check mitmproxy==12.3.1

cat >run.py <<'PY'
import gc
import weakref

from mitmproxy import http


class Large:
    pass


def hook(make):
    held = Large()
    make()
    return weakref.ref(held)


gc.collect()
gc.disable()
for name, make in (
    ("Headers", lambda: http.Headers()),
    ("a Response", lambda: http.Response.make(200)),
    ("a Request", lambda: http.Request.make("GET", "http://a.example/")),
):
    held = hook(make)
    stayed = held() is not None
    gc.collect()
    assert held() is None
    print(f"a function that makes {name}: its object {'stays until gc.collect()' if stayed else 'is gone'}")
PY
seen=$(env/bin/python run.py)
echo "$seen"
[[ $seen == 'a function that makes Headers: its object is gone
a function that makes a Response: its object stays until gc.collect()
a function that makes a Request: its object stays until gc.collect()' ]]
