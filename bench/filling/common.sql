-- What the statements of every database stand on: who there is, which referrals, and what happened to them when.
-- Everything follows from a referral's number n, so that the databases fit each other and nothing is passed between them.

CREATE FUNCTION pg_temp.made_id(at timestamptz, salt text) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(salt), 1, 3)
            || '8' || substr(md5(salt), 4, 15))::uuid
$$;

CREATE FUNCTION pg_temp.noise(salt text, bytes int) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT decode(left(string_agg(md5(salt || part), ''), bytes * 2), 'hex') FROM generate_series(1, bytes / 16 + 1) AS part
$$;

-- ISO/IEC 7064, as services/referral/domain/references.py has it, over what a number is in base thirty.
CREATE FUNCTION pg_temp.made_reference(number int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    alphabet CONSTANT text := '23456789ABCDEFGHJKMNPQRSTVWXYZ';
    body text := '';
    checked int := 15;
    digit int;
BEGIN
    FOR place IN REVERSE 4..0 LOOP
        digit := number / (30 ^ place)::int % 30;
        body := body || substr(alphabet, digit + 1, 1);
        checked := (CASE checked WHEN 0 THEN 30 ELSE checked END * 2 % 31 + digit) % 30;
    END LOOP;
    digit := (31 - CASE checked WHEN 0 THEN 30 ELSE checked END * 2 % 31) % 30;
    RETURN 'KUO-' || substr(body, 1, 4) || '-' || substr(body, 5, 1) || substr(alphabet, digit + 1, 1);
END
$$;

CREATE TEMP TABLE filling (referrals int, moment timestamptz, first_day timestamptz, at_work int, lean boolean);
CREATE TEMP TABLE towns (o int PRIMARY KEY, id uuid, slug text, name jsonb, email text);
CREATE TEMP TABLE offered (
    s int PRIMARY KEY, o int, within int, id uuid, slug text, name jsonb, languages text[], target_groups text[]
);
CREATE TEMP TABLE staff (o int, slot int, id uuid, email text, roles text[], PRIMARY KEY (o, slot));

-- What becomes of a referral: step by step the event, the status after it, the side that did it, and after how many hours.
CREATE TEMP TABLE paths (path text PRIMARY KEY, events text[], statuses text[], sides text[], hours float[], told text[]);
INSERT INTO paths VALUES
    ('completed', '{created,sent,first_viewed,accepted,started,completed,answer_seen,closed}',
     '{draft,requested,requested,accepted,in-progress,completed,completed,completed}',
     '{source,source,target,target,target,target,source,source}', '{0,0.1,2,5,30,200,204,210}',
     '{nobody,target,source,source,source,source,nobody,nobody}'),
    ('failed', '{created,sent,first_viewed,accepted,started,failed,answer_seen,closed}',
     '{draft,requested,requested,accepted,in-progress,failed,failed,failed}',
     '{source,source,target,target,target,target,source,source}', '{0,0.1,3,9,40,220,221,230}',
     '{nobody,target,source,source,source,source,nobody,nobody}'),
    ('rejected', '{created,sent,first_viewed,declined,answer_seen,closed}',
     '{draft,requested,requested,rejected,rejected,rejected}',
     '{source,source,target,target,source,source}', '{0,0.1,4,8,20,26}',
     '{nobody,target,source,source,nobody,nobody}'),
    ('cancelled', '{created,sent,cancelled,closed}', '{draft,requested,cancelled,cancelled}',
     '{source,source,source,source}', '{0,0.1,6,7}', '{nobody,target,target,nobody}'),
    ('expired', '{created,sent,expired,answer_seen,closed}', '{draft,requested,cancelled,cancelled,cancelled}',
     '{source,source,NULL,source,source}', '{0,0.1,240,250,260}', '{nobody,target,source,nobody,nobody}');

CREATE TEMP TABLE journeys (
    n int PRIMARY KEY, id uuid, reference text, client_id uuid, at timestamptz, source int, target int, s int, path text, reached int,
    pace float
);
