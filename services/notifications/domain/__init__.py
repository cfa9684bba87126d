"""Who is told what, who stands in for whom, and when a delivery is tried again. Pure rules, no I/O."""
