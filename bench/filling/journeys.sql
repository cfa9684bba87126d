-- The referrals. One in ten is from organisation 0 to organisation 1, which are busy; the first twenty are from 498 to 499 (the
-- last two), which have no others. All have been closed for long but the newest, as many at any size: what people have to do
-- does not grow with what was done before.
INSERT INTO journeys
SELECT n, pg_temp.made_id(at, 'referral:' || n), pg_temp.made_reference((n * 7368787::bigint % 24300000)::int),
    pg_temp.made_id(at, 'client:' || n), at, source, target,
    target * each + n / 10 % each AS s, path,
    CASE WHEN is_at_work THEN least(1 + n % 7, cardinality(events)) ELSE cardinality(events) END,
    0.25 + n % 7 * 0.25
FROM (
    SELECT n, n > referrals - at_work AS is_at_work, many,
        CASE WHEN n > referrals - at_work THEN moment - (referrals - n + 1) * (interval '12 days' / at_work)
             ELSE first_day + n * ((moment - interval '40 days' - first_day) / (referrals - at_work)) END AS at,
        CASE WHEN n <= 20 THEN many - 2 WHEN n % 10 = 0 THEN 0 ELSE 2 + n * 7919::bigint % (many - 4) END AS source,
        (ARRAY['completed', 'rejected', 'completed', 'failed', 'completed', 'cancelled', 'completed', 'expired'])
        [1 + n / 3 % 8] AS path
    FROM filling, (SELECT count(*) AS many FROM towns) AS counted, generate_series(1, referrals) AS n
) AS placed
JOIN paths USING (path),
    LATERAL (
        SELECT CASE WHEN n <= 20 THEN many - 1 WHEN n % 10 = 0 THEN 1
               ELSE 2 + (source - 2 + 1 + n * 104729::bigint % (many - 5)) % (many - 4) END AS target
    ) AS aimed,
    (SELECT count(*) / (SELECT count(*) FROM towns) AS each FROM offered) AS shared;

ANALYZE journeys, towns, offered, staff, paths;

CREATE FUNCTION pg_temp.moment_of(event text, at timestamptz, pace float, path paths, reached int, moment timestamptz)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN array_position((path).events, event) <= reached THEN
        least(at + (path).hours[array_position((path).events, event)] * pace * interval '1 hour', moment - interval '1 minute') END
$$;

-- Each referral as it stands now, with everybody's id.
CREATE TEMP VIEW made AS
SELECT n, journeys.id, client_id, at, journeys.path, reached, paths.statuses[reached] AS status, 'routine' AS urgency,
    (ARRAY['fi', 'en', 'ar', 'uk', 'sv'])[1 + n % 5] AS language, offered.id AS service_id, giver.id AS source_id,
    taker.id AS target_id, adviser.id AS adviser_id, recipient.id AS recipient_id, ARRAY[desk.id, other.id] AS desk,
    reference,
    pg_temp.moment_of(paths.events[reached], at, pace, paths, reached, moment) AS last_at,
    pg_temp.moment_of('sent', at, pace, paths, reached, moment) AS sent_at,
    pg_temp.moment_of('first_viewed', at, pace, paths, reached, moment) AS first_viewed_at,
    pg_temp.moment_of('accepted', at, pace, paths, reached, moment) AS accepted_at,
    pg_temp.moment_of('started', at, pace, paths, reached, moment) AS started_at,
    pg_temp.moment_of('declined', at, pace, paths, reached, moment) AS declined_at,
    pg_temp.moment_of('completed', at, pace, paths, reached, moment) AS completed_at,
    pg_temp.moment_of('answer_seen', at, pace, paths, reached, moment) AS answer_seen_at,
    pg_temp.moment_of('closed', at, pace, paths, reached, moment) AS closed_at
FROM filling, journeys JOIN paths ON paths.path = journeys.path JOIN offered USING (s)
    JOIN towns AS giver ON giver.o = source JOIN towns AS taker ON taker.o = target
    JOIN staff AS adviser ON adviser.o = source AND adviser.slot = n % 2
    JOIN staff AS recipient ON recipient.o = target AND recipient.slot = 2 + n % 2
    JOIN staff AS desk ON desk.o = target AND desk.slot = 2 JOIN staff AS other ON other.o = target AND other.slot = 3;

CREATE TEMP VIEW happened AS
SELECT n, journeys.id AS referral_id, reference, source, target, s, path, k, 'referral.' || events[k] || '.v1' AS type, statuses[k] AS status,
    sides[k] AS side, told[k] AS told,
    CASE sides[k] WHEN 'source' THEN source WHEN 'target' THEN target END AS by_o,
    CASE sides[k] WHEN 'source' THEN n % 2 WHEN 'target' THEN 2 + n % 2 END AS by_slot, event_at,
    pg_temp.made_id(event_at, 'event:' || n || ':' || k) AS event_id
FROM journeys JOIN paths USING (path), filling, generate_series(1, reached) AS k,
    LATERAL (SELECT least(at + hours[k] * pace * interval '1 hour', moment - interval '1 minute') AS event_at) AS timed;

-- A notice for everybody who is told: the two members of the desk, or the adviser.
CREATE TEMP VIEW told AS
SELECT n, referral_id, reference, source, target, s, k, type, status, side, event_id, event_at, told_o AS o, slot,
    pg_temp.made_id(event_at, 'notice:' || n || ':' || k || ':' || slot) AS notice_id
FROM happened, LATERAL (SELECT CASE told WHEN 'target' THEN target ELSE source END AS told_o) AS whom,
    LATERAL unnest(CASE told WHEN 'target' THEN ARRAY[2, 3] ELSE ARRAY[n % 2] END) AS slot
WHERE told <> 'nobody';

-- To each by both channels; one mail in two hundred is given up.
CREATE TEMP VIEW delivered AS
SELECT told.*, channel, pg_temp.made_id(event_at, 'delivery:' || n || ':' || k || ':' || slot || ':' || channel) AS delivery_id,
    pg_temp.made_id(event_at, 'delivered:' || n || ':' || k || ':' || slot || ':' || channel) AS delivery_event_id,
    failed, least(event_at + CASE WHEN failed THEN interval '27 hours' ELSE interval '2 seconds' END, moment) AS ended_at,
    CASE WHEN failed THEN 'notification.delivery_failed.v1' ELSE 'notification.delivered.v1' END AS ended_by
FROM told, filling, (VALUES ('inbox'), ('email')) AS channels (channel),
    LATERAL (SELECT channel = 'email' AND (n + k) % 200 = 7 AS failed) AS went;

-- What the catalogue has told of itself.
CREATE TEMP VIEW known AS
SELECT pg_temp.made_id(first_day, 'catalog:' || subject) AS event_id, 'catalog.' || kind || '_changed.v1' AS type, subject, state
FROM filling, (
    SELECT 'organization' AS kind, id AS subject,
        json_build_object('id', id, 'slug', slug, 'name', name, 'active', true, 'email', email) AS state
    FROM towns
    UNION ALL
    SELECT 'service', offered.id, json_build_object(
        'id', offered.id, 'slug', offered.slug, 'organization_id', towns.id, 'name', offered.name, 'status', 'active',
        'languages', languages, 'target_groups', target_groups, 'capacity', 'capacity')
    FROM offered JOIN towns USING (o)
    UNION ALL
    SELECT 'member', staff.id, json_build_object(
        'id', staff.id, 'organization_id', towns.id, 'email', staff.email, 'language', 'fi', 'roles', roles, 'active', true)
    FROM staff JOIN towns USING (o)
) AS told_of;
