"""``python -m overlaytool``."""

from overlaytool.cli.app import main

if __name__ == "__main__":
    main()
