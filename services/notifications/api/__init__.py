"""The HTTP contract of the notification service, a module a resource."""
