#!/bin/bash
# Creates one role and one database per service. The image runs this once, on an empty data directory.
# No service can connect to another one's database; each owns its own, so it can migrate it.
set -euo pipefail

create() { # service, password
  # The password goes in by environment (\getenv), never as an argument that a process list shows.
  PASSWORD="$2" psql --no-psqlrc -v ON_ERROR_STOP=1 -v name="$1" -U "${POSTGRES_USER:-postgres}" -d postgres <<'SQL'
\getenv password PASSWORD
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
-- The same collation everywhere: sorting must not depend on the image's locale.
CREATE DATABASE :"name" OWNER :"name" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

create catalog "${CATALOG_DB_PASSWORD:?}"
create referral "${REFERRAL_DB_PASSWORD:?}"
create notifications "${NOTIFICATIONS_DB_PASSWORD:?}"

# Nothing to look at for anybody else in the superuser's database either.
psql --no-psqlrc -v ON_ERROR_STOP=1 -q -U "${POSTGRES_USER:-postgres}" -d postgres -c 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC'
