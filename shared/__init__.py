"""The code every service uses: event contract, outbox, inbox, streams, database, access, problems."""
