"""The notification service: tells the people who need to know, in their inbox and by mail."""
