"""`luotsi demo`: referrals played from end to end as people would, and proof that everyone concerned was notified."""
