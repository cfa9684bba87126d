# PgBouncer beside the server that it stands before.
FROM postgres:17
USER root
RUN apt-get -qq update && apt-get -qq install --yes --no-install-recommends pgbouncer && rm -rf /var/lib/apt/lists/*
USER postgres
