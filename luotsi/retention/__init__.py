"""`luotsi retention`: what was kept long enough is shown, and taken away with `--run`."""
