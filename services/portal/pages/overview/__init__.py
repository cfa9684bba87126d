"""Where referrals stall, for coordinators: figures across organisations, pictures with their tables; no client."""
