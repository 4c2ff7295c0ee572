"""`python -m goldilocks` is the command `goldilocks`."""

from goldilocks.cli import main

if __name__ == "__main__":
    main()
