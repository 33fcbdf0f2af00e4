"""`python -m captioner` is `captioner`."""

from captioner.cli import main

main()
