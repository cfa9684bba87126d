#!/bin/bash
# One database per service, and two roles for each: an owner, which migrates it, and the role that the service works as,
# which gets its rights from `luotsi migrate`. No role can connect to the database of another service.
# Runs at every start as the superuser, or as an administrator who may make databases and roles, such as a managed server
# has: it makes what is missing, sets the passwords of `.env`, and brings a volume of an older version, in which each service
# owned its database, to the same.
set -euo pipefail

if [ "$PGUSER" = none ]; then
  echo 'POSTGRES_ADMIN is none: databases and roles are made elsewhere'
  exit 0
fi
# Its password is in PGPASSWORD.
address="postgresql://$PGUSER@$SERVER/postgres$OPTIONS"

create() { # service, its password, its owner's password
  # Passwords go in by environment (\getenv), never as an argument that a process list shows.
  PASSWORD="$2" OWNER_PASSWORD="$3" psql --no-psqlrc -q -v ON_ERROR_STOP=1 -v name="$1" -v owner="$1_owner" -d "$address" <<'SQL'
\getenv password PASSWORD
\getenv owner_password OWNER_PASSWORD
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', role)
  FROM unnest(ARRAY[:'name', :'owner']) AS role WHERE to_regrole(role) IS NULL \gexec
ALTER ROLE :"name" PASSWORD :'password';
ALTER ROLE :"owner" PASSWORD :'owner_password';
-- Who is no superuser has to be in a role to give it a database.
SELECT format('GRANT %I, %I TO CURRENT_USER', :'name', :'owner') WHERE current_setting('is_superuser') = 'off' \gexec
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

# Nothing to look at for anybody else in the superuser's databases either; a managed server's are its operator's matter.
psql --no-psqlrc -v ON_ERROR_STOP=1 -q -d "$address" <<'SQL'
SELECT 'REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC' WHERE current_setting('is_superuser') = 'on' \gexec
SQL
