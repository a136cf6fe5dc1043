"""``overlaytool`` and ``python -m overlaytool``."""

from overlaytool.early import listen

listen()  # before all else is imported, which takes a while


def main() -> None:
    """Run the command that was typed; this does not return."""
    import sys

    _load_msgspec()
    from overlaytool.cli.run import main

    main(sys.argv[1:])


def _load_msgspec() -> None:
    """Import msgspec without typing_extensions, which is a tenth of the start: typing has what it takes."""
    import sys

    if "typing_extensions" in sys.modules:
        return
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]


if __name__ == "__main__":
    main()
