"""``overlaytool`` and ``python -m overlaytool``."""

from overlaytool.early import listen

listen()  # before all else is imported, which takes a while


def main() -> None:
    """Run the command that was typed; this does not return."""
    import sys

    from overlaytool.cli.run import main

    main(sys.argv[1:])


if __name__ == "__main__":
    main()
