"""What is wrong with a file."""


class Damage(Exception):
    """A file is damaged, or no recording at all; every exchange before the offset was read."""

    def __init__(self, what: str, offset: int | None = None) -> None:
        """`what` is wrong, from byte `offset` on."""
        super().__init__(what)
        self.what = what
        self.offset = offset
