"""`cors-addon demo`: a page and servers with the classic CORS faults, behind mitmproxy, on this machine alone."""
