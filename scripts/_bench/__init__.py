"""What the addon costs: see `scripts/bench --help`.

Law 1: instructions, not seconds; what is compared is measured in the same run, with the same bytes on the wire.
Law 2: client and server run outside what is counted, and one request follows the other, so that counts repeat.
"""
