"""Floor 6, the only glue to mitmproxy's proxy side: options, hooks, commands, content view, annotations."""
