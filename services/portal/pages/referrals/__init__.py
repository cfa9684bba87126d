"""A referral on its page and in lists, and the steps that may be taken with it."""
