"""HTTP clients of the three APIs, each speaking for the member whose page it is."""
