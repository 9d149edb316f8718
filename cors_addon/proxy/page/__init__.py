"""The live page: the report while it happens, and buttons that do what the commands do.

`gate` says who may ask, `app` answers, `server` listens on a loopback port, `through` answers at the made-up host, in
the proxy; `live` holds what is shown, `actions` does what buttons ask for; `group` is what the addon knows of it all.

Law 1: whoever asks shows the token, and is no other page: see `gate`. Nothing is shown or done before.
Law 2: while nobody looks, nothing is gathered and nothing rendered.
Law 3: what is shown is rendered when it is asked for, in bounded pieces, and is asked for again the later the longer it
took.
"""
