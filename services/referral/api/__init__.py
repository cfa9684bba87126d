"""The HTTP contract of the referral service, a module a resource."""
