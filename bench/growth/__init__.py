"""What grows with the number of referrals, measured side by side."""
