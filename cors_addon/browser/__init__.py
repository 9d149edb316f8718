"""A browser of its own for mitmproxy: found, given a profile that uses the proxy, started, and ended with mitmproxy.

Law 1: nothing of the user's own browser is touched: not its profile, not the system's certificates or settings.
Law 2: what a page may do stays as it is in that browser, so that a verdict there is one elsewhere, too. Changed is only
what sends traffic to the proxy, what trusts its certificate, and what the browser would send on its own account.
"""
