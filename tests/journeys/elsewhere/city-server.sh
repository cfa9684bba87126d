#!/bin/bash
# A server of PostgreSQL as a city has it: `city-server.sh primary`, or `standby` of that. Nobody gets in unencrypted, and
# the administrator is no superuser. What the primary commits is on the standby before it is answered.
set -euo pipefail
umask 077
export PGDATA=/var/lib/postgresql/data/files PGPASSWORD="$POSTGRES_PASSWORD"
install -m 600 /certificates/authority-server.pem /tmp/server.pem

if [ ! -s "$PGDATA/PG_VERSION" ] && [ "$1" = primary ]; then
  initdb -U postgres -E UTF8 --locale=C.UTF-8 --auth-local=trust >/dev/null
  printf '%s\n' 'local all all trust' 'hostssl all certified all cert' 'hostssl all all all scram-sha-256' 'hostssl replication cityadmin all scram-sha-256' >"$PGDATA/pg_hba.conf"
  pg_ctl -w -s start -o "-c listen_addresses= -c unix_socket_directories=/tmp"
  PASSWORD="$POSTGRES_PASSWORD" psql -q -h /tmp -U postgres postgres <<'SQL'
\getenv password PASSWORD
CREATE ROLE cityadmin LOGIN CREATEDB CREATEROLE REPLICATION PASSWORD :'password';
CREATE ROLE certified LOGIN;
SQL
  pg_ctl -w -s stop
elif [ ! -s "$PGDATA/PG_VERSION" ]; then
  until pg_basebackup -R -D "$PGDATA" -d 'host=city-a user=cityadmin sslmode=require application_name=city-b'; do sleep 0.5; done
fi

settings=(-c ssl=on -c ssl_cert_file=/tmp/server.pem -c ssl_key_file=/tmp/server.pem
  -c ssl_ca_file=/certificates/authority.pem -c listen_addresses='*'
  -c unix_socket_directories=/tmp)
if [ "$1" = primary ]; then settings+=(-c synchronous_standby_names='*'); fi
exec postgres "${settings[@]}"
