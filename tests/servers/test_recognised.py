"""Who answered, asked of the real thing: each implementation is run, refuses a page, and is told by that.

None may be told wrongly, nor for another cause, in whatever configuration and version.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from cors_addon.exchange.model import Judgement, Verdict
from cors_addon.exchange.recognised import Cause
from cors_addon.servers import cause
from cors_addon.session.session import Session
from tests.servers.launch import Missing
from tests.servers.recognising import (
    OLDER_NODE_PACKAGES,
    OLDER_PYTHON_PACKAGES,
    Start,
    ask,
    asking,
    node,
    program,
    python,
)

REFUSED = ("origin", "method", "headers", "all", "null")
"""Preflights that most refuse, asked before anything that is allowed."""
TRUE_CAUSES = {
    "origin": {Cause.ORIGIN},
    "null": {Cause.ORIGIN},
    "method": {Cause.METHOD},
    "method again": {Cause.METHOD},
    "headers": {Cause.HEADERS},
    "all": {Cause.ORIGIN, Cause.METHOD, Cause.HEADERS},
}


class Row(NamedTuple):
    """One implementation as it is run."""

    start: Start
    names: tuple[str, ...]
    """What it may be told as: itself, or its family."""
    least: int = 5
    """How many of the refused preflights tell it, at least; all are fewer where it refuses less."""
    path: str = "/api/items"
    has_cors: bool = True
    """Whether it decides by CORS, so that the cause that is told must be the true one."""


NPM = ("npm-cors", "express-cors", "fastify-cors")
AZURITE = ("azurite-blob", "--blobPort", "PORT", "--inMemoryPersistence", "--silent", "--skipApiVersionCheck")
HTTP_SERVER = ("http-server", "-p", "PORT", "-a", "127.0.0.1", "-s")
SERVE = ("serve", "-l", "tcp://127.0.0.1:PORT", "-L")
LIVE = ("live-server", "--port=PORT", "--host=127.0.0.1", "--no-browser", "--quiet")

ROWS = {
    "starlette": Row(python("starlette"), ("starlette",)),
    "fastapi": Row(python("fastapi"), ("starlette",)),
    "connexion": Row(python("connexion"), ("starlette",)),
    "litestar": Row(python("litestar"), ("litestar",)),
    "aiohttp-cors": Row(python("aiohttp_cors"), ("aiohttp-cors",)),
    "blacksheep": Row(python("blacksheep"), ("blacksheep",)),
    "flask-cors": Row(python("flask_cors"), ("flask-cors",)),
    "flask-cors resources": Row(python("flask_cors_resources"), ("flask-cors",)),
    "quart-cors": Row(python("quart_cors"), ("quart-cors",)),
    "django-cors-headers": Row(python("django"), ("django-cors-headers",)),
    "django-rest-framework": Row(python("django_rest_framework"), ("django-rest-framework",), has_cors=False),
    "falcon": Row(python("falcon"), ("falcon",)),
    "sanic-ext": Row(python("sanic"), ("sanic-ext",)),
    "robyn": Row(python("robyn"), ("robyn",)),
    "jupyter": Row(python("jupyter"), ("jupyter",), path="/api/contents"),
    "mcp": Row(python("mcp"), ("mcp-python",), path="/mcp", has_cors=False),
    "http.server": Row(python("http_server"), ("python-http.server",), has_cors=False),
    "express": Row(node("express"), ("express-cors",)),
    "express string": Row(node("express string"), ("express-cors",)),
    "express error": Row(node("express error"), ("express-cors",)),
    "express default": Row(node("express default"), ("express-cors",)),
    "express without": Row(node("express without"), (), 0, has_cors=False),
    "fastify": Row(node("fastify"), ("fastify-cors",)),
    "fastify error": Row(node("fastify error"), ("fastify-cors",)),
    "hono": Row(node("hono"), ("hono-cors",)),
    "hono credentials": Row(node("hono credentials"), ("hono-cors",)),
    "koa": Row(node("koa"), ("koa-cors",)),
    "koa function": Row(node("koa function"), ("koa-cors",), 3),
    "h3": Row(node("h3"), ("h3",)),
    "hapi": Row(node("hapi"), ("hapi",)),
    "restify": Row(node("restify"), ("restify",)),
    "socket.io": Row(node("socket.io"), ("socket.io",), path="/socket.io/?EIO=4&transport=polling"),
    "socket.io without": Row(
        node("socket.io without"), ("socket.io",), path="/socket.io/?EIO=4&transport=polling", has_cors=False
    ),
    "nestjs": Row(node("nestjs"), NPM),
    "nestjs without": Row(node("nestjs without"), ("nestjs",), has_cors=False),
    "vite list": Row(node("vite list"), ("vite", *NPM), path="/src/main.js"),
    "webpack-dev-server": Row(node("webpack-dev-server"), ("webpack-dev-server",), path="/main.js", has_cors=False),
    "mcp-typescript": Row(node("mcp-typescript"), ("mcp-typescript",), path="/mcp", has_cors=False),
    "azurite": Row(program(*AZURITE), ("azure-storage",), path="/devstoreaccount1/c/x", has_cors=False),
    "http-server": Row(program(*HTTP_SERVER), ("http-server",), path="/index.html", has_cors=False),
    "http-server --cors": Row(program(*HTTP_SERVER, "--cors"), ("http-server",), path="/index.html"),
    "serve": Row(program(*SERVE), ("serve",), path="/items.json", has_cors=False),
    "serve --cors": Row(program(*SERVE, "--cors"), ("serve",), path="/items.json"),
    "live-server": Row(program(*LIVE), ("live-server",), path="/index.html", has_cors=False),
}

OLDER = (
    "express", "express string", "express error", "fastify", "fastify error", "hono", "hono credentials", "koa",
    "koa function", "hapi", "socket.io", "socket.io without",
)  # fmt: skip
"""Of these an older version is run, too."""


OLDER_PYTHON = {
    "starlette": 5, "fastapi": 5, "litestar": 5, "aiohttp_cors": 5, "flask_cors": 5, "flask_cors_resources": 5,
    "quart_cors": 5, "django": 4, "falcon": 5,
}  # fmt: skip
"""Applications that are run with older packages, and how many of their refused preflights tell them."""
HAND_WRITTEN = ("express hand", "express hand 204", "express hand end")
"""Headers that a program sets itself: nobody's."""


@pytest.mark.parametrize("name", ROWS)
def test_the_real_thing_is_told_by_what_it_refuses(name: str, tmp_path: Path) -> None:
    """In the newest version that is served."""
    look(ROWS[name], tmp_path)


@pytest.mark.parametrize("name", OLDER)
def test_an_older_version_is_told_as_well(name: str, tmp_path: Path) -> None:
    """From which no row was made."""
    look(ROWS[name]._replace(start=node(name, OLDER_NODE_PACKAGES)), tmp_path)


@pytest.mark.parametrize("name", OLDER_PYTHON)
def test_an_older_version_in_python_is_told_as_well(name: str, tmp_path: Path) -> None:
    row = next(
        row for key, row in ROWS.items() if key.replace("-", "_").replace(" ", "_") in (name, f"{name}_cors_headers")
    )
    look(row._replace(start=python(name, OLDER_PYTHON_PACKAGES), least=OLDER_PYTHON[name]), tmp_path)


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_headers_set_by_hand_are_nobodys(name: str, tmp_path: Path) -> None:
    """Although they are written as a library writes them."""
    session = Session(engine="fetch", keep=100)
    try:
        with node(name)(tmp_path) as port:
            for number, asked in enumerate(asking("/api/items")):
                observation = ask(port, asked, number)
                session.observe(observation)
                assert session.last[observation.flow_id].server is None, asked.name
    except Missing as error:
        pytest.skip(str(error))


def look(row: Row, folder: Path) -> None:
    """Run it, ask it, and hold what is told against what is true."""
    session = Session(engine="fetch", keep=100)
    judged: dict[str, Judgement] = {}
    try:
        with row.start(folder) as port:
            for number, asked in enumerate(asking(row.path)):
                observation = ask(port, asked, number)
                session.observe(observation)
                judged[asked.name] = session.last[observation.flow_id]
    except Missing as error:
        pytest.skip(str(error))
    told = {name: each.server.name for name, each in judged.items() if each.server is not None}
    assert set(told.values()) <= set(row.names), seen(judged)
    refused = [name for name in REFUSED if judged[name].verdict is Verdict.DENY]
    assert refused, seen(judged)
    assert sum(name in told for name in refused) >= min(row.least, len(refused)), seen(judged)
    for name in (*refused, "method again"):
        if row.has_cors and judged[name].verdict is Verdict.DENY:
            causes, true = set(cause.causes(judged[name])), TRUE_CAUSES[name]
            if cause.says_which(judged[name]):
                assert causes <= true or causes == {Cause.OTHER}, (name, causes, seen(judged))
            else:
                assert true <= causes or name == "all", (name, causes, seen(judged))


def seen(judged: dict[str, Judgement]) -> str:
    """What came, for the message of a test that fails."""
    lines = []
    for name, each in judged.items():
        observation = each.observation
        lines.append(f"{name}: {observation.status} {each.verdict} {each.reason} {each.server and each.server.name}")
        lines.append(f"  causes {[*cause.causes(each)]}, said {each.said!r}")
        lines += [f"  {key.decode()}: {value.decode('latin-1')}" for key, value in observation.response]
        lines.append(f"  {observation.head[:200]!r}")
    return "\n".join(lines)
