"""`python -m luotsi`: the operator's command line."""

from luotsi.cli import main

main()
