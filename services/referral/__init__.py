"""The referral service: clients, legal bases, referrals, messages and outcomes."""
