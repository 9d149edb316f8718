"""The report as one HTML file that needs nothing else, for people: `page.render` makes it.

Law 1: whatever stood in a header, a URL or a body is data. It stands in a JSON block that no browser executes, and
reaches the page as text, never as markup; the page's policy lets run no script but the one in `script`.
Law 2: the file is whole. It asks nothing of a network, and shows the same when it is sent on.
Law 3: counts and the matrix cover everything; the list of exchanges is bounded, and says what it leaves out.
"""
