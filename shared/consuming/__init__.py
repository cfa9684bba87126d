"""From a stream to the effect: readers, inbox, parked events, dead letters, copies of others' facts."""
