#!/bin/bash
# PgBouncer in transaction mode: few connections for many. `point HOST` lets a running one turn to another server.
set -euo pipefail
umask 077
if [ "${1:-}" = point ]; then
  sed -i "s/host=[a-z-]*/host=$2/" /tmp/pgbouncer.ini
  kill -HUP 1
  exit 0
fi
install -m 600 /certificates/authority-server.pem /tmp/server.pem
for service in catalog referral notifications portal; do
  password="${service^^}_DB_PASSWORD"
  printf '"%s" "%s"\n' "$service" "${!password}"
done >/tmp/users.txt
cat >/tmp/pgbouncer.ini <<'INI'
[databases]
* = host=city-a port=5432
[pgbouncer]
listen_addr = *
listen_port = 6432
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /tmp/users.txt
pool_mode = transaction
max_prepared_statements = 200
default_pool_size = 4
server_idle_timeout = 5
server_login_retry = 1
client_tls_sslmode = require
client_tls_cert_file = /tmp/server.pem
client_tls_key_file = /tmp/server.pem
client_tls_ca_file = /certificates/authority.pem
server_tls_sslmode = verify-full
server_tls_ca_file = /certificates/authority.pem
INI
exec pgbouncer /tmp/pgbouncer.ini
