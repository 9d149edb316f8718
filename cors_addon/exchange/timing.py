"""Every span of time that judging many exchanges rests on, in seconds, with what it rests on.

How long a preflight's answer is kept stands in `fetch.cache_rules`; by how much that may seem wrong, in `fetch.cache`.
"""

PATIENCE = 60.0
"""A fetch that nothing followed counts as stopped after so long; a slow answer takes that long at times. Chosen."""

PROMPT = 0.25
"""A request surely follows its preflight's answer within this, where others do not keep it. Measured: sequences and
bursts of `scripts/browser-truth`, where it follows within some 20 to 250 ms."""

QUEUED = 10.0
"""So long a request may wait for a connection after the browser has looked for its cached preflight. Chosen; a browser
opens six connections to a host over HTTP/1."""

EARLY = 0.05
"""By so much a connection may seem to have ended after the request was sent again. Measured behind mitmproxy."""

RETRY_WITHIN = 1.0
"""After a dropped connection the browser tries again within this. Measured in Chromium and Firefox."""

SOON = 5.0
"""Something follows within this even what was refused, if the browser did not care. Chosen."""

ARRIVES = 0.25
"""A browser has surely taken in an answer after this: what it asks meanwhile may be without its cookies. Chosen."""

HAR_SKEW = 0.05
"""A HAR has a rounded start, and durations from another clock, for each exchange. Measured in DevTools' exports."""

IDLE_HTTP2 = 60.0
"""An unused connection surely stays open for so long in Gecko, whose network.http.http2.timeout is 180."""
