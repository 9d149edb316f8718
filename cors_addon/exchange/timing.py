"""Every span of time that judging many exchanges rests on, in seconds, with what it rests on.

How long a preflight's answer is kept stands in `fetch.cache_rules`.
"""

PATIENCE = 60.0
"""A fetch that nothing followed counts as stopped after so long; a slow answer takes that long at times. Chosen."""

PROMPT = 0.25
"""A request surely follows its preflight's answer within this, where others do not keep it. Measured: sequences and
bursts of `scripts/browser-truth`, where it follows within some 20 to 250 ms."""

QUEUED = 10.0
"""So long a request may wait for a connection after the browser has looked for its cached preflight. Chosen; a browser
opens six connections to a host over HTTP/1."""

CLOCK_SLACK = 1.0
"""For so long a cached answer may seem stale here and yet have served: the browser's clock ran from a later moment.
Chosen."""

IN_LINE = 0.5
"""Of preflights that wait in line for a connection, the next follows within this. Chosen on forty
identical requests over HTTP/1."""

KEPT_STALE = 20.0
"""So long an answer is remembered after its end, for what may have waited since: twice `QUEUED`."""

EARLY = 0.05
"""By so much a connection may seem to have ended after the request was sent again. Measured behind mitmproxy."""

RETRY_WITHIN = 1.0
"""After a dropped connection the browser tries again within this. Measured in Chromium and Firefox."""

TOGETHER = 2.0
"""Recordings of one run tell of one request within this: when the page asked, or when it was sent. Chosen."""

CONSOLE_LATE = 10.0
"""A driver's log of the console has the time when the driver heard of it. Measured, up to 3.3, in ChromeDriver."""

SOON = 5.0
"""Something follows within this even what was refused, if the browser did not care. Chosen."""

ARRIVES = 0.25
"""A browser has surely taken in an answer after this: what it asks meanwhile may be without its cookies. Chosen."""

HAR_SKEW = 0.05
"""A HAR has a rounded start, and durations from another clock, for each exchange. Measured in DevTools' exports."""

HAR_SAME_MOMENT = 0.1
"""By so much the clocks of a request and its preflight may differ in a HAR. Chosen."""

HAR_FIREFOX_WAITS = 5.0
"""Firefox's times of a request leave out for how long it waited for its preflight, at most so long. Chosen."""

SETTLE_EVERY = 5.0
"""Of traffic, between two looks at all clients for what nothing followed. Chosen, well below `PATIENCE`."""

IDLE_HTTP2 = 60.0
"""An unused connection surely stays open for so long in Gecko, whose network.http.http2.timeout is 180."""

CONSOLE_AFTER = 5.0
"""A console tells within this of what has ended. Chosen."""

CALL_SLACK = 1.0
"""By so much a page's clock, and the time in which its report came, may be apart from the proxy's. Chosen."""

CALL_TOLD_WITHIN = 60.0
"""A load whose beginning a page does not know began within this before its end. Chosen; slow answers take that long."""

CONSOLE_BEFORE = 0.05
"""By so much a console may seem to know of a request before it began. Chosen."""

REPORTED_WITHIN = 60.0
"""A second report of the same failure within this tells nothing new: each endpoint gets its own, and browsers collect
them for up to a minute. Chosen."""
