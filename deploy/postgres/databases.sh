#!/bin/bash
# One database per service, and two roles for each: an owner, which migrates it, and the role that the service works as,
# which gets its rights from `luotsi migrate`. No role can connect to the database of another service.
# Runs as the superuser at every start: it makes what is missing, sets the passwords of `.env`, and brings a volume of an
# older version, in which each service owned its database, to the same.
set -euo pipefail

create() { # service, its password, its owner's password
  # Passwords go in by environment (\getenv), never as an argument that a process list shows.
  PASSWORD="$2" OWNER_PASSWORD="$3" psql --no-psqlrc -q -v ON_ERROR_STOP=1 -v name="$1" -v owner="$1_owner" -d postgres <<'SQL'
\getenv password PASSWORD
\getenv owner_password OWNER_PASSWORD
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', role)
  FROM unnest(ARRAY[:'name', :'owner']) AS role WHERE to_regrole(role) IS NULL \gexec
ALTER ROLE :"name" PASSWORD :'password';
ALTER ROLE :"owner" PASSWORD :'owner_password';
-- The same collation everywhere: sorting must not depend on the image's locale.
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C.UTF-8''', :'name', :'owner')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
ALTER DATABASE :"name" OWNER TO :"owner";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"name";
\connect :"name"
REASSIGN OWNED BY :"name" TO :"owner";
SQL
}

create catalog "${CATALOG_DB_PASSWORD:?}" "${CATALOG_OWNER_DB_PASSWORD:?}"
create referral "${REFERRAL_DB_PASSWORD:?}" "${REFERRAL_OWNER_DB_PASSWORD:?}"
create portal "${PORTAL_DB_PASSWORD:?}" "${PORTAL_OWNER_DB_PASSWORD:?}"
create notifications "${NOTIFICATIONS_DB_PASSWORD:?}" "${NOTIFICATIONS_OWNER_DB_PASSWORD:?}"

# Nothing to look at for anybody else in the superuser's databases either.
psql --no-psqlrc -v ON_ERROR_STOP=1 -q -d postgres -c 'REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC'
