"""Answers of CORS implementations as they came over the wire, and which implementation each shows.

MEASURED: of the real ones, newest versions of 2026-11-28. SOURCE: written after the source or the documentation that the
signature names. NEAR: like a signature, but of somebody else, or of nobody in particular.
Each: the implementation, the causes that the answer itself names, whose answer it is, and the exchange.
"""

# ruff: noqa: E501, W291
MEASURED: tuple[tuple[str, str, str, str], ...] = (
    (
        "starlette",
        "method",
        "starlette basic preflight-put",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: PUT
Access-Control-Request-Headers: content-type

400
server: uvicorn
vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network
access-control-allow-methods: GET, POST
access-control-max-age: 600
access-control-allow-headers: Accept, Accept-Language, Content-Language, Content-Type, content-type
access-control-allow-origin: https://app.example.com
content-length: 22
content-type: text/plain; charset=utf-8

Disallowed CORS method""",
    ),
    (
        "litestar",
        "method",
        "litestar basic preflight-put",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: PUT
Access-Control-Request-Headers: content-type

400
server: uvicorn
content-type: text/plain; charset=utf-8
content-length: 22

Disallowed CORS method""",
    ),
    (
        "aiohttp-cors",
        "method",
        "aiohttp-cors basic preflight-put",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: PUT
Access-Control-Request-Headers: content-type

403
Content-Type: text/plain; charset=utf-8
Content-Length: 103
Server: Python/3.13 aiohttp/3.14.5

CORS preflight request failed: request method 'PUT' is not allowed for 'https://app.example.com' origin""",
    ),
    (
        "blacksheep",
        "headers",
        "blacksheep basic preflight-x-token",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type,x-token

400
server: uvicorn
cors-error: The "x-token" request header is not enabled by CORS rules.
content-length: 0

""",
    ),
    (
        "quart-cors",
        "",
        "quart-cors basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
allow: POST, OPTIONS, GET, HEAD
content-type: text/html; charset=utf-8
content-length: 0
access-control-allow-origin: https://app.example.com
access-control-expose-headers: ""
access-control-allow-headers: content-type
access-control-allow-methods: GET, POST
vary: Origin
server: hypercorn-h11

""",
    ),
    (
        "flask-cors",
        "",
        "flask-cors basic preflight-missing",
        """\
OPTIONS /nope
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

404
Server: Werkzeug/3.1.9 Python/3.13.0
Content-Type: text/html; charset=utf-8
Content-Length: 207
Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Headers: content-type
Access-Control-Allow-Methods: GET, POST

<!doctype html>
<html lang=en>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try agai""",
    ),
    (
        "quart-cors",
        "",
        "quart-cors basic preflight-missing-evil",
        """\
OPTIONS /nope
Origin: https://evil.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

404
content-type: text/html; charset=utf-8
content-length: 207
vary: Origin
server: hypercorn-h11

<!doctype html>
<html lang=en>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try agai""",
    ),
    (
        "falcon",
        "",
        "falcon basic preflight-missing",
        """\
OPTIONS /nope
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

404
Server: WSGIServer/0.2 CPython/3.13.0
content-type: application/json
vary: Accept
access-control-allow-origin: https://app.example.com
content-length: 26

{"title": "404 Not Found"}""",
    ),
    (
        "sanic-ext",
        "",
        "sanic-ext basic preflight-missing",
        """\
OPTIONS /nope
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

404
access-control-allow-origin: https://app.example.com
vary: origin
access-control-max-age: 5
access-control-allow-headers: content-type
content-length: 75
content-type: text/plain; charset=utf-8

⚠️ 404 — Not Found
==================
Requested URL /nope not found

""",
    ),
    (
        "python-http.server",
        "",
        "python-http.server default preflight-ok",
        """\
OPTIONS /data.json
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

501
Server: SimpleHTTP/0.6 Python/3.11.7
Content-Type: text/html;charset=utf-8
Content-Length: 360

<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: 501</p>
 """,
    ),
    (
        "hapi",
        "headers",
        "hapi basic preflight-x-token",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type,x-token

200
content-type: application/json; charset=utf-8
cache-control: no-cache
content-length: 54

{"message":"CORS error: Some headers are not allowed"}""",
    ),
    (
        "express-cors",
        "origin",
        "express-cors error preflight-evil",
        """\
OPTIONS /api/items
Origin: https://evil.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

500
X-Powered-By: Express
Content-Security-Policy: default-src 'none'
X-Content-Type-Options: nosniff
Content-Type: text/html; charset=utf-8
Content-Length: 965

<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<pre>Error: Not allowed by CORS<br> &nbsp; &nbsp;at opts.origin (file:///srv/app/js_express.mjs:9""",
    ),
    (
        "fastify-cors",
        "",
        "fastify-cors basic options-no-acrm",
        """\
OPTIONS /api/items
Origin: https://app.example.com

400
access-control-allow-origin: https://app.example.com
content-type: text/plain
content-length: 25

Invalid Preflight Request""",
    ),
    (
        "fastify-cors",
        "",
        "fastify-cors basic put-ok",
        """\
PUT /api/items
Origin: https://app.example.com
Content-Type: application/json

404
access-control-allow-origin: https://app.example.com
content-type: application/json; charset=utf-8
content-length: 81

{"message":"Route PUT:/api/items not found","error":"Not Found","statusCode":404}""",
    ),
    (
        "socket.io",
        "",
        "socket.io basic post-ok",
        """\
POST /socket.io/?EIO=4&transport=polling
Origin: https://app.example.com
Content-Type: application/json

400
Access-Control-Allow-Origin: https://app.example.com
Vary: Origin
Content-Type: application/json
Transfer-Encoding: chunked

{"code":2,"message":"Bad handshake method"}""",
    ),
    (
        "socket.io",
        "",
        "socket.io basic get-ok",
        """\
GET /socket.io/?EIO=4&transport=polling
Origin: https://app.example.com

200
Access-Control-Allow-Origin: https://app.example.com
Vary: Origin
Content-Type: text/plain; charset=UTF-8
Content-Length: 118
cache-control: no-store

0{"sid":"aOg_ccziGIEfQsU6AAAA","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}""",
    ),
    (
        "restify",
        "",
        "restify basic preflight-evil",
        """\
OPTIONS /api/items
Origin: https://evil.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

405
Server: restify
Allow: GET, POST
Content-Type: application/json
Content-Length: 62

{"code":"MethodNotAllowed","message":"OPTIONS is not allowed"}""",
    ),
    (
        "restify",
        "",
        "restify basic preflight-missing-evil",
        """\
OPTIONS /nope
Origin: https://evil.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

404
Server: restify
Content-Type: application/json
Content-Length: 60

{"code":"ResourceNotFound","message":"/nope does not exist"}""",
    ),
    (
        "restify",
        "",
        "restify basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
Server: restify
access-control-allow-origin: https://app.example.com
access-control-allow-credentials: true
access-control-allow-methods: POST,OPTIONS
access-control-allow-headers: content-type,accept,accept-version,request-id,origin,x-api-version,x-request-id,x-requested-with

""",
    ),
    (
        "elysia-cors",
        "",
        "elysia-cors basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
access-control-allow-headers: content-type
access-control-allow-methods: GET, POST
access-control-allow-origin: https://app.example.com
access-control-expose-headers: access-control-request-headers,access-control-request-method,connection,host,origin
access-control-max-age: 5
vary: Origin

""",
    ),
    (
        "http-server",
        "",
        "http-server cors preflight-put",
        """\
OPTIONS /data.json
Origin: https://app.example.com
Access-Control-Request-Method: PUT
Access-Control-Request-Headers: content-type

204
accept-ranges: bytes
access-control-allow-origin: *
access-control-allow-headers: Origin, X-Requested-With, Content-Type, Accept, Range

""",
    ),
    (
        "parcel",
        "",
        "parcel default preflight-ok",
        """\
OPTIONS /index.html
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
Access-Control-Allow-Origin: *
Access-Control-Allow-Methods: GET, HEAD, PUT, PATCH, POST, DELETE
Access-Control-Allow-Headers: Origin, X-Requested-With, Content-Type, Accept, Content-Type
Cache-Control: max-age=0, must-revalidate
Content-Length: 0

""",
    ),
    (
        "serve",
        "",
        "serve default preflight-missing",
        """\
OPTIONS /nope
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

404
Content-Type: text/html; charset=utf-8
Vary: Accept-Encoding
Transfer-Encoding: chunked

<!DOCTYPE html><head> <meta name="viewport" content="width=device-width, initial-scale=1, user-scalable=no"/> <style> body { margin: 0; font-family: -apple-system, BlinkMacSystemFont, "Segoe UI", "Rob""",
    ),
    (
        "rack-cors",
        "",
        "rack-cors basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Methods: GET, POST
Access-Control-Expose-Headers: 
Access-Control-Max-Age: 7200
Access-Control-Allow-Headers: content-type
Transfer-Encoding: chunked

""",
    ),
    (
        "php",
        "",
        "php-S static preflight-ok",
        """\
OPTIONS /data.json
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
Host: localhost:58947
Content-Type: application/json
Content-Length: 12

{"ok":true}
""",
    ),
    (
        "tomcat",
        "",
        "tomcat-CorsFilter basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
vary: origin,access-control-request-method,Access-Control-Request-Headers
Access-Control-Allow-Origin: https://app.example.com
Access-Control-Max-Age: 1800
Access-Control-Allow-Methods: POST,GET
Access-Control-Allow-Headers: content-type
Content-Length: 0

""",
    ),
    (
        "tomcat",
        "",
        "tomcat-CorsFilter basic preflight-missing",
        """\
OPTIONS /nope
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

404
Content-Type: text/html;charset=utf-8
Content-Language: en
Content-Length: 692

<!doctype html><html lang="en"><head><title>HTTP Status 404 – Not Found</title><style type="text/css">body {font-family:Tahoma,Arial,sans-serif;} h1, h2, h3, b {color:white;background-color:#525D76;""",
    ),
    (
        "nginx",
        "",
        "nginx server-level preflight-missing",
        """\
OPTIONS /nope
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

405
Server: nginx/1.22.1
Content-Type: text/html
Content-Length: 157

<html>\r
<head><title>405 Not Allowed</title></head>\r
<body>\r
<center><h1>405 Not Allowed</h1></center>\r
<hr><center>nginx/1.22.1</center>\r
</body>\r
</html>\r
""",
    ),
    (
        "haproxy",
        "",
        "haproxy set-header error-500",
        """\
GET /down/x
Origin: https://app.example.com

503
content-length: 107
cache-control: no-cache
content-type: text/html

<html><body><h1>503 Service Unavailable</h1>
No server is available to handle this request.
</body></html>
""",
    ),
    (
        "lighttpd",
        "",
        "lighttpd add-response-header preflight-missing",
        """\
OPTIONS /nope
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

404
Content-Type: text/html
Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Methods: GET, POST
Access-Control-Allow-Headers: content-type
Content-Length: 341
Server: lighttpd/1.4.69

<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
         "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w""",
    ),
    (
        "starlette",
        "",
        "starlette basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
server: uvicorn
vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network
access-control-allow-methods: GET, POST
access-control-max-age: 600
access-control-allow-headers: Accept, Accept-Language, Content-Language, Content-Type, content-type
access-control-allow-origin: https://app.example.com
content-length: 2
content-type: text/plain; charset=utf-8

OK""",
    ),
    (
        "flask-cors",
        "",
        "flask-cors basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
Server: Werkzeug/3.1.9 Python/3.13.0
Content-Type: text/html; charset=utf-8
Allow: HEAD, GET, OPTIONS, POST
Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Headers: content-type
Access-Control-Allow-Methods: GET, POST
Content-Length: 0

""",
    ),
    (
        "quart-cors",
        "",
        "quart-cors basic preflight-evil",
        """\
OPTIONS /api/items
Origin: https://evil.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
allow: POST, OPTIONS, GET, HEAD
content-type: text/html; charset=utf-8
content-length: 0
vary: Origin
server: hypercorn-h11

""",
    ),
    (
        "django-cors-headers",
        "",
        "django-cors-headers basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
Server: WSGIServer/0.2 CPython/3.13.0
content-length: 0
Content-Type: text/html; charset=utf-8
Vary: origin
access-control-allow-origin: https://app.example.com
access-control-allow-headers: content-type
access-control-allow-methods: GET, POST
access-control-max-age: 86400

""",
    ),
    (
        "falcon",
        "",
        "falcon basic preflight-evil",
        """\
OPTIONS /api/items
Origin: https://evil.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
Server: WSGIServer/0.2 CPython/3.13.0
allow: GET, POST
content-length: 0
content-type: application/json

""",
    ),
    (
        "falcon",
        "",
        "falcon basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
Server: WSGIServer/0.2 CPython/3.13.0
content-length: 0
access-control-allow-origin: https://app.example.com
access-control-allow-methods: GET, POST
access-control-allow-headers: content-type
access-control-max-age: 86400
content-type: application/json

""",
    ),
    (
        "sanic-ext",
        "",
        "sanic-ext basic preflight-evil",
        """\
OPTIONS /api/items
Origin: https://evil.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
allow: GET,POST,HEAD,OPTIONS

""",
    ),
    (
        "sanic-ext",
        "",
        "sanic-ext basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
allow: GET,POST,HEAD,OPTIONS
access-control-allow-origin: https://app.example.com
vary: origin
access-control-max-age: 5
access-control-allow-headers: content-type
access-control-allow-methods: POST,GET

""",
    ),
    (
        "robyn",
        "",
        "robyn basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
access-control-allow-origin: https://app.example.com
access-control-allow-credentials: true
access-control-allow-methods: GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS
access-control-allow-headers: content-type, Authorization, Content-Type
access-control-max-age: 3600

""",
    ),
    (
        "express-cors",
        "",
        "express-cors basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
X-Powered-By: Express
Access-Control-Allow-Origin: https://app.example.com
Vary: Origin
Access-Control-Allow-Methods: GET,POST
Access-Control-Allow-Headers: content-type
Content-Length: 0

""",
    ),
    (
        "express-cors",
        "",
        "json-server default preflight-ok",
        """\
OPTIONS /items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
X-Powered-By: Express
Access-Control-Allow-Origin: https://app.example.com
Vary: Origin, Access-Control-Request-Headers
Access-Control-Allow-Credentials: true
Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE
Access-Control-Allow-Headers: content-type
Content-Length: 0

""",
    ),
    (
        "socket.io",
        "",
        "socket.io basic preflight-ok",
        """\
OPTIONS /socket.io/?EIO=4&transport=polling
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
Access-Control-Allow-Origin: https://app.example.com
Vary: Origin
Access-Control-Allow-Methods: GET,POST
Access-Control-Allow-Headers: content-type
Content-Length: 0

""",
    ),
    (
        "npm-cors",
        "",
        "vite default preflight-ok",
        """\
OPTIONS /data.json
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
Vary: Origin, Access-Control-Request-Headers
Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE
Access-Control-Allow-Headers: content-type
Content-Length: 0

""",
    ),
    (
        "fastify-cors",
        "",
        "fastify-cors array preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
vary: Origin
access-control-allow-origin: https://app.example.com
access-control-allow-methods: GET, POST
access-control-allow-headers: content-type
content-length: 0

""",
    ),
    (
        "fastify-cors",
        "",
        "fastify-cors array error-500",
        """\
GET /api/boom
Origin: https://app.example.com

500
vary: Origin
access-control-allow-origin: https://app.example.com
content-type: application/json; charset=utf-8
content-length: 67

{"statusCode":500,"error":"Internal Server Error","message":"boom"}""",
    ),
    (
        "hono-cors",
        "",
        "hono-cors basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
access-control-allow-headers: content-type
access-control-allow-methods: GET,POST
access-control-allow-origin: https://app.example.com
vary: Origin, Access-Control-Request-Headers

""",
    ),
    (
        "h3",
        "",
        "h3-handleCors basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
access-control-allow-headers: content-type
access-control-allow-methods: GET,POST
access-control-allow-origin: https://app.example.com
vary: origin, access-control-request-headers

""",
    ),
    (
        "h3",
        "",
        "h3-handleCors basic options-no-acrm",
        """\
OPTIONS /api/items
Origin: https://app.example.com

404
access-control-allow-origin: https://app.example.com
access-control-expose-headers: *
content-type: application/json;charset=UTF-8
vary: origin
content-length: 100

{"status":404,"message":"Cannot find any route matching [OPTIONS] http://localhost:50529/api/items"}""",
    ),
    (
        "koa-cors",
        "",
        "koa-cors basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
Vary: Origin
Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Methods: GET,POST
Access-Control-Allow-Headers: content-type

""",
    ),
    (
        "koa-cors",
        "",
        "koa-cors function preflight-evil",
        """\
OPTIONS /api/items
Origin: https://evil.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
Vary: Origin
Content-Type: text/plain; charset=utf-8
Content-Length: 0
Allow: HEAD, GET, POST

""",
    ),
    (
        "hapi",
        "",
        "hapi basic preflight-put",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: PUT
Access-Control-Request-Headers: content-type

404
content-type: application/json; charset=utf-8
cache-control: no-cache
content-length: 60

{"statusCode":404,"error":"Not Found","message":"Not Found"}""",
    ),
    (
        "hapi",
        "",
        "hapi basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
access-control-allow-origin: https://app.example.com
access-control-allow-methods: POST
access-control-allow-headers: content-type
access-control-max-age: 86400
access-control-expose-headers: WWW-Authenticate,Server-Authorization
cache-control: no-cache
content-length: 0

""",
    ),
    (
        "webpack-dev-server",
        "",
        "webpack-dev-server default preflight-ok",
        """\
OPTIONS /data.json
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
X-Powered-By: Express
Cross-Origin-Resource-Policy: same-origin
Content-Length: 0

""",
    ),
    (
        "http-server",
        "",
        "http-server default preflight-ok",
        """\
OPTIONS /data.json
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

405
accept-ranges: bytes
Content-Length: 0

""",
    ),
    (
        "serve",
        "",
        "serve default preflight-ok",
        """\
OPTIONS /data.json
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
Content-Length: 12
Content-Disposition: inline; filename="data.json"
Accept-Ranges: bytes
Content-Type: application/json; charset=utf-8
Vary: Accept-Encoding

{"ok":true}
""",
    ),
    (
        "live-server",
        "",
        "live-server default preflight-ok",
        """\
OPTIONS /data.json
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
Allow: GET, HEAD, OPTIONS
Content-Length: 0

""",
    ),
    (
        "rs-cors",
        "",
        "rs-cors basic preflight-put",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: PUT
Access-Control-Request-Headers: content-type

200
Vary: Origin
Vary: Access-Control-Request-Method
Vary: Access-Control-Request-Headers
Content-Length: 0

""",
    ),
    (
        "rs-cors",
        "",
        "rs-cors passthrough preflight-put",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: PUT
Access-Control-Request-Headers: content-type

405
Content-Type: text/plain; charset=utf-8
Vary: Origin
Vary: Access-Control-Request-Method
Vary: Access-Control-Request-Headers
X-Content-Type-Options: nosniff
Content-Length: 19

Method Not Allowed
""",
    ),
    (
        "rs-cors",
        "",
        "rs-cors basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

200
Access-Control-Allow-Headers: Content-Type
Access-Control-Allow-Methods: POST
Access-Control-Allow-Origin: https://app.example.com
Vary: Origin
Vary: Access-Control-Request-Method
Vary: Access-Control-Request-Headers
Content-Length: 0

""",
    ),
    (
        "gin-cors",
        "",
        "gin-cors basic preflight-ok",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type

204
Access-Control-Allow-Headers: Content-Type
Access-Control-Allow-Methods: GET,POST
Access-Control-Allow-Origin: https://app.example.com
Vary: Origin
Vary: Access-Control-Request-Method
Vary: Access-Control-Request-Headers

""",
    ),
    (
        "tomcat",
        "",
        "tomcat-CorsFilter basic preflight-put",
        """\
OPTIONS /api/items
Origin: https://app.example.com
Access-Control-Request-Method: PUT
Access-Control-Request-Headers: content-type

403
Content-Type: text/plain
Content-Length: 0

""",
    ),
)

_ASKS = "OPTIONS /api/items\nOrigin: https://app.example.com\nAccess-Control-Request-Method: PUT\nAccess-Control-Request-Headers: content-type\n\n"

SOURCE: tuple[tuple[str, str, str, str], ...] = (
    (
        "spring",
        "",
        "Spring",
        _ASKS
        + "403\nVary: Origin\nVary: Access-Control-Request-Method\nVary: Access-Control-Request-Headers\nContent-Length: 20\n\nInvalid CORS request",
    ),
    (
        "django-rest-framework",
        "",
        "a view of Django REST framework",
        _ASKS
        + '200\nAllow: GET, POST, HEAD, OPTIONS\nContent-Type: application/json\nVary: Accept\n\n{"name":"Item List","description":"","renders":["application/json"],"parses":["application/json"]}',
    ),
    (
        "jupyter",
        "",
        "Jupyter Server",
        _ASKS
        + '403\nServer: TornadoServer/6.4\nContent-Type: application/json\nX-Content-Type-Options: nosniff\nContent-Security-Policy: frame-ancestors \'self\'; report-uri /api/security/csp-report; default-src \'none\'\n\n{"message": "Forbidden", "reason": null}',
    ),
    (
        "python-http.server",
        "",
        "http.server",
        _ASKS
        + "501\nServer: SimpleHTTP/0.6 Python/3.13.0\nContent-Type: text/html;charset=utf-8\n\n<!DOCTYPE HTML>\n<html lang=\"en\">\n<p>Message: Unsupported method ('OPTIONS').</p>",
    ),
    (
        "hapi",
        "",
        "hapi, a route without CORS",
        _ASKS + '200\ncontent-type: application/json; charset=utf-8\n\n{"message":"CORS is disabled for this route"}',
    ),
    (
        "fastify-cors",
        "origin",
        "Fastify with a function",
        _ASKS
        + '500\nvary: Origin\ncontent-type: application/json; charset=utf-8\n\n{"statusCode":500,"error":"Internal Server Error","message":"Not allowed by CORS"}',
    ),
    (
        "nestjs",
        "",
        "NestJS without CORS",
        _ASKS
        + '404\nX-Powered-By: Express\nContent-Type: application/json; charset=utf-8\n\n{"message":"Cannot OPTIONS /api/items","error":"Not Found","statusCode":404}',
    ),
    (
        "mcp-typescript",
        "origin",
        "an MCP server",
        "POST /mcp\nOrigin: https://app.example.com\n\n"
        + '403\nContent-Type: application/json\n\n{"jsonrpc":"2.0","error":{"code":-32000,"message":"Invalid Origin header: https://app.example.com"},"id":null}',
    ),
    (
        "mcp-typescript",
        "",
        "an MCP server, asked for nothing that it knows",
        _ASKS
        + '405\nallow: GET, POST, DELETE\ncontent-type: application/json\n\n{"jsonrpc":"2.0","error":{"code":-32000,"message":"Method not allowed."},"id":null}',
    ),
    ("mcp-python", "origin", "an MCP server", _ASKS + "403\ncontent-length: 21\n\nInvalid Origin header"),
    (
        "mcp-python",
        "",
        "an MCP server, asked for nothing that it knows",
        _ASKS
        + '405\ncontent-type: application/json\nallow: GET, POST, DELETE\n\n{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Method Not Allowed"}}',
    ),
    (
        "kong",
        "",
        "Kong's plugin cors",
        _ASKS.replace("PUT", "PURGE")
        + "200\nvary: Origin\nAccess-Control-Allow-Origin: https://app.example.com\nAccess-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT\nContent-Length: 0\n\n",
    ),
    (
        "traefik",
        "",
        "Traefik's headers middleware",
        _ASKS
        + "200\nAccess-Control-Allow-Headers: content-type,x-token\nAccess-Control-Allow-Methods: GET,POST\nAccess-Control-Max-Age: 0\nContent-Length: 0\n\n",
    ),
    (
        "jub0bs-cors",
        "",
        "jub0bs/cors, newer",
        _ASKS
        + "403\nVary: Access-Control-Request-Headers, Access-Control-Request-Method, Origin\nContent-Length: 0\n\n",
    ),
    (
        "socket.io",
        "",
        "socket.io, asked without a transport",
        _ASKS.replace("/api/items", "/socket.io/")
        + '400\nContent-Type: application/json\n\n{"code":0,"message":"Transport unknown"}',
    ),
    ("rack-cors", "", "rack-cors, debugging", _ASKS + "200\nx-rack-cors: miss; no-method\n\n"),
    (
        "jub0bs-cors",
        "",
        "jub0bs/cors",
        _ASKS
        + "403\nVary: Access-Control-Request-Headers, Access-Control-Request-Method, Access-Control-Request-Private-Network, Origin\nContent-Length: 0\n\n",
    ),
    (
        "aws-api-gateway",
        "",
        "an HTTP API",
        _ASKS
        + '404\nContent-Type: application/json\nContent-Length: 23\napigw-requestid: AbCdEfGhIj0KLmN=\n\n{"message":"Not Found"}',
    ),
    (
        "aws-api-gateway",
        "",
        "a REST API",
        _ASKS
        + '403\nContent-Type: application/json\nx-amzn-requestid: 6f1f0000\nx-amzn-errortype: MissingAuthenticationTokenException\nx-amz-apigw-id: AbCd=\n\n{"message":"Missing Authentication Token"}',
    ),
    (
        "s3",
        "",
        "S3",
        _ASKS
        + '403\nx-amz-request-id: 0A1B\nContent-Type: application/xml\n\n<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessForbidden</Code><Message>CORSResponse: This CORS request is not allowed. This is usually because the evaluation of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource\'s CORS spec.</Message>',
    ),
    (
        "azure-storage",
        "",
        "Azure",
        _ASKS
        + '403\nContent-Type: application/xml\nx-ms-request-id: 1\n\n<?xml version="1.0" encoding="utf-8"?><Error><Code>CorsPreflightFailure</Code><Message>CORS not enabled or no matching rule found for this request.',
    ),
    (
        "keycloak",
        "",
        "Keycloak",
        _ASKS
        + '404\nContent-Type: application/json\n\n{"error":"Unable to find matching target resource method","error_description":"For more on this error consult the server log."}',
    ),
    ("firebase-functions", "", "a function", _ASKS + "204\nfunction-execution-id: abc\nContent-Length: 0\n\n"),
    ("supabase", "", "an edge function", _ASKS + "401\nsb-project-ref: abc\n\n"),
    ("supabase", "", "the gateway", _ASKS + "401\nsb-gateway-version: 1\n\n"),
    (
        "apache",
        "",
        "Apache, a 404",
        _ASKS
        + '404\nContent-Type: text/html; charset=iso-8859-1\n\n<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n<hr>\n<address>Apache/2.4.58 (Ubuntu) Server at api.test Port 80</address>',
    ),
    (
        "apache",
        "",
        "Apache, a 403",
        _ASKS
        + '403\nContent-Type: text/html; charset=iso-8859-1\n\n<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n<html><head>\n<title>403 Forbidden</title>\n</head><body>\n<h1>Forbidden</h1>\n<p>You don\'t have permission to access this resource.</p>',
    ),
    (
        "envoy",
        "",
        "Envoy, nobody behind",
        _ASKS
        + "503\nserver: envoy\ncontent-type: text/plain\n\nupstream connect error or disconnect/reset before headers. reset reason: connection failure",
    ),
    ("envoy", "", "Istio", _ASKS + "403\nserver: istio-envoy\ncontent-type: text/plain\n\nRBAC: access denied"),
    (
        "kong",
        "",
        "Kong",
        _ASKS
        + '404\nContent-Type: application/json; charset=utf-8\nServer: kong/3.9.0\n\n{\n  "message":"no Route matched with those values",\n  "request_id":"1"\n}',
    ),
    (
        "cloudflare-access",
        "",
        "Cloudflare Access",
        _ASKS + "302\nlocation: https://team.cloudflareaccess.com/cdn-cgi/access/login/app.test?kid=1\n\n",
    ),
    (
        "starlette",
        "",
        "an old Starlette, any origin",
        _ASKS
        + "200\naccess-control-allow-origin: *\naccess-control-allow-methods: GET, POST\naccess-control-max-age: 600\ncontent-length: 2\ncontent-type: text/plain; charset=utf-8\n\nOK",
    ),
    (
        "vite",
        "",
        "Vite at its port",
        _ASKS.replace("/api/items", "http://localhost:5173/data.json")
        + "204\nVary: Origin, Access-Control-Request-Headers\nAccess-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\nAccess-Control-Allow-Headers: content-type\nContent-Length: 0\n\n",
    ),
    (
        "vite",
        "",
        "Vite, a module",
        _ASKS.replace("/api/items", "/@id/__x00__virtual")
        + "204\nVary: Origin, Access-Control-Request-Headers\nAccess-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\nContent-Length: 0\n\n",
    ),
    (
        "django-cors-headers",
        "",
        "django-cors-headers 3.14, another method",
        _ASKS
        + "200\nContent-Type: text/html; charset=utf-8\nContent-Length: 0\nVary: Origin\nAccess-Control-Allow-Origin: https://a.test\nAccess-Control-Allow-Headers: content-type\nAccess-Control-Allow-Methods: GET, POST\nAccess-Control-Max-Age: 86400\n\n",
    ),
    (
        "litestar",
        "method",
        "Litestar 2.8, which adds its headers to refusals, too",
        _ASKS
        + "400\nserver: uvicorn\ncontent-type: text/plain; charset=utf-8\ncontent-length: 22\naccess-control-allow-origin: https://a.test\nvary: Origin\naccess-control-allow-headers: content-type\naccess-control-allow-methods: GET, POST\n\nDisallowed CORS method",
    ),
    (
        "litestar",
        "origin",
        "Litestar 2.8, another origin",
        _ASKS
        + "400\nserver: uvicorn\ncontent-type: text/plain; charset=utf-8\ncontent-length: 22\naccess-control-allow-headers: content-type\naccess-control-allow-methods: GET, POST\n\nDisallowed CORS Origin",
    ),
    (
        "express-cors",
        "",
        "cors in Express, any origin",
        _ASKS
        + "204\nX-Powered-By: Express\nAccess-Control-Allow-Origin: *\nAccess-Control-Allow-Methods: GET,POST\nAccess-Control-Allow-Headers: content-type\nContent-Length: 0\nDate: Sun, 29 Nov 2026 19:12:35 GMT\n\n",
    ),
    (
        "fastify-cors",
        "",
        "@fastify/cors by default",
        _ASKS
        + "204\naccess-control-allow-origin: *\naccess-control-allow-methods: GET,HEAD,POST\ncontent-length: 0\n\n",
    ),
    (
        "rs-cors",
        "",
        "rs/cors 1.11",
        _ASKS + "204\nVary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\n\n",
    ),
    (
        "laravel",
        "",
        "Laravel",
        _ASKS + "204\nCache-Control: no-cache, private\nVary: Origin, Access-Control-Request-Method\n\n",
    ),
    (
        "ollama",
        "",
        "Ollama",
        _ASKS.replace("/api/items", "http://localhost:11434/api/chat") + "403\nContent-Length: 0\n\n",
    ),
)

NEAR: tuple[tuple[str, str], ...] = (
    (
        "headers set by hand in Express, with sendStatus",
        _ASKS
        + '200\nX-Powered-By: Express\nAccess-Control-Allow-Origin: https://a.test\nAccess-Control-Allow-Methods: GET,POST\nAccess-Control-Allow-Headers: Content-Type\nContent-Type: text/plain; charset=utf-8\nContent-Length: 2\nETag: W/"2-nOO9QiTIwXgNtWtBJezz8kv3SLc"\nDate: Sun, 29 Nov 2026 19:12:38 GMT\n\nOK',
    ),
    (
        "headers set by hand in Express, 204",
        _ASKS
        + "204\nX-Powered-By: Express\nAccess-Control-Allow-Origin: https://a.test\nAccess-Control-Allow-Methods: GET,POST\nAccess-Control-Allow-Headers: Content-Type\nDate: Sun, 29 Nov 2026 19:12:38 GMT\n\n",
    ),
    (
        "headers set by hand in Express, an end, and Vary",
        _ASKS
        + "200\nX-Powered-By: Express\nAccess-Control-Allow-Origin: https://a.test\nVary: Origin\nAccess-Control-Allow-Methods: GET,POST\nAccess-Control-Allow-Headers: Content-Type\nDate: Sun, 29 Nov 2026 19:12:38 GMT\nConnection: keep-alive\nContent-Length: 0\n\n",
    ),
    (
        "headers set by hand in Node",
        _ASKS
        + "200\nAccess-Control-Allow-Origin: https://a.test\nVary: Origin\nAccess-Control-Allow-Methods: GET,POST\nAccess-Control-Allow-Headers: content-type\nDate: Sun, 29 Nov 2026 19:12:38 GMT\nConnection: keep-alive\nContent-Length: 0\n\n",
    ),
    (
        "headers set by hand in a filter in Java, tight",
        _ASKS
        + "200\nAccess-Control-Allow-Origin: https://b.test\nVary: Origin\nAccess-Control-Allow-Credentials: true\nAccess-Control-Allow-Methods: POST,GET,OPTIONS,DELETE\nAccess-Control-Max-Age: 3600\nContent-Length: 0\nDate: Sun, 29 Nov 2026 19:12:38 GMT\n\n",
    ),
    (
        "headers set by hand in a route of Next.js",
        _ASKS
        + "204\nvary: RSC, Next-Router-State-Tree, Next-Router-Prefetch\naccess-control-allow-origin: *\naccess-control-allow-methods: GET,POST\naccess-control-allow-headers: Content-Type\nDate: Sun, 29 Nov 2026 19:12:38 GMT\n\n",
    ),
    (
        "another server's /src/ with the package cors",
        _ASKS.replace("/api/items", "/src/main.js")
        + "204\nVary: Origin\nAccess-Control-Allow-Methods: GET,POST\nDate: Sun, 29 Nov 2026 19:12:38 GMT\n\n",
    ),
    (
        "an app that says what Starlette says",
        _ASKS
        + "400\ncontent-type: text/html\nvary: Origin\naccess-control-allow-origin: https://a.test\n\n<p>Disallowed CORS origin</p>",
    ),
    ("a 403 without a word", _ASKS + "403\ncontent-length: 0\n\n"),
    (
        "a 403 with a type, of a firewall",
        _ASKS + "403\ncontent-type: text/plain\ncontent-length: 0\nx-request-id: 1\n\n",
    ),
    ("a 200 without a word", _ASKS + "200\ncontent-length: 0\n\n"),
    ("a 204 without a word", _ASKS + "204\n\n"),
    (
        "three Vary lines with 204, as Echo's refusal",
        _ASKS + "204\nVary: Origin\nVary: Access-Control-Request-Method\nVary: Access-Control-Request-Headers\n\n",
    ),
    (
        "Spring's three Vary lines on an answer of its own",
        _ASKS
        + "200\nVary: Origin\nVary: Access-Control-Request-Method\nVary: Access-Control-Request-Headers\nAllow: GET,HEAD,POST,OPTIONS\nContent-Length: 0\n\n",
    ),
    (
        "nginx with a tight list",
        _ASKS
        + "204\nServer: nginx\nAccess-Control-Allow-Origin: https://a.test\nAccess-Control-Allow-Methods: GET,POST\nContent-Type: text/plain\nContent-Length: 0\n\n",
    ),
    (
        "a page written by hand in Node",
        _ASKS
        + "204\naccess-control-allow-origin: https://a.test\naccess-control-allow-methods: GET, POST\naccess-control-allow-headers: content-type\n\n",
    ),
    (
        "Django's own answer to OPTIONS",
        _ASKS + "200\nContent-Type: text/html; charset=utf-8\nAllow: GET, POST, HEAD, OPTIONS\nContent-Length: 0\n\n",
    ),
    (
        "Django's own, read only",
        _ASKS + "200\nContent-Type: text/html; charset=utf-8\nAllow: GET, HEAD, OPTIONS\nContent-Length: 0\n\n",
    ),
    (
        "Apache's answer to OPTIONS for a .json file",
        _ASKS + "200\nAllow: POST,OPTIONS,HEAD,GET\nContent-Length: 0\nContent-Type: application/json\n\n",
    ),
    (
        "a helmet on a 204",
        _ASKS
        + "204\ncontent-security-policy: default-src 'self'\ncross-origin-opener-policy: same-origin\ncross-origin-resource-policy: same-origin\norigin-agent-cluster: ?1\n\n",
    ),
    (
        "an error of Boom's that is not hapi's",
        _ASKS + '404\ncontent-type: application/json\n\n{"statusCode":404,"error":"Not Found","message":"Not Found"}',
    ),
    ("an API that has a message", _ASKS + '403\ncontent-type: application/json\n\n{"message":"Forbidden"}'),
    (
        "an allowed preflight of a Go server by hand",
        _ASKS
        + "204\nAccess-Control-Allow-Methods: GET, POST, PUT\nAccess-Control-Allow-Origin: https://app.example.com\nVary: Origin\n\n",
    ),
    (
        "a text about CORS that is a page's own",
        "GET /blog\nOrigin: https://app.example.com\n\n200\ncontent-type: text/plain\n\nOn the message CORS preflight request failed: what to do",
    ),
    ("what only says that it is nginx", _ASKS + "404\nserver: nginx\ncontent-length: 0\n\n"),
    ("what only says that it is Express", _ASKS + "404\nx-powered-by: Express\ncontent-length: 9\n\nNot Found"),
    (
        "a Fetch-API server by hand",
        _ASKS
        + "204\naccess-control-allow-headers: content-type\naccess-control-allow-methods: GET,POST\naccess-control-allow-origin: https://a.test\nvary: Origin\n\n",
    ),
)
