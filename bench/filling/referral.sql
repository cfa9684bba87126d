INSERT INTO organizations (id, epoch, sequence, slug, name, active, email, closures)
SELECT id, 1, 1, slug, name, true, email, '[]' FROM towns;

INSERT INTO services (
    id, epoch, sequence, slug, organization_id, name, status, capacity, languages, target_groups
)
SELECT offered.id, 1, 1, offered.slug, towns.id, offered.name, 'active', 'capacity', languages, target_groups
FROM offered JOIN towns USING (o);

INSERT INTO clients (id, organization_id, kind, language, interpreter, contact_via, details, created_at, lookups_form)
SELECT client_id, towns.id, 'person', 'fi', false, 'client', pg_temp.noise('details:' || n, 180), at, 2
FROM journeys JOIN towns ON o = source ORDER BY n;

INSERT INTO client_lookups (client_id, field, organization_id, digest)
SELECT client_id, field, towns.id, pg_temp.noise(field || ':' || n, 32)
FROM journeys JOIN towns ON o = source, filling, (VALUES ('name'), ('email')) AS fields (field)
WHERE n <= referrals - 1000 ORDER BY n;

INSERT INTO referrals (
    id, reference, version, status, urgency, language, client_id, service_id, source_organization_id, source_member_id,
    target_organization_id, assigned_member_id, desk_member_ids, root_id, chain_depth, texts, legal_basis_kind,
    legal_basis_recorded_by, legal_basis_recorded_at, reason_code, reason_side, outcome_code, business_status, created_at,
    updated_at, news_at, sent_at, first_viewed_at, accepted_at, started_at, declined_at, completed_at, answer_seen_at, closed_at,
    respond_by, response_days, expiry_days, working_time_to_answer
)
SELECT id, reference, reached, status, urgency, language, client_id, service_id, source_id, adviser_id, target_id,
    CASE WHEN reached >= 4 AND n % 3 > 0 THEN recipient_id END,
    CASE WHEN reached > 1 THEN desk ELSE '{}' END, id, 1, pg_temp.noise('texts:' || n, 330), 'consent', adviser_id, at,
    CASE WHEN declined_at IS NOT NULL THEN (ARRAY['no_capacity', 'not_eligible', 'outside_area'])[1 + n % 3]
        WHEN path = 'cancelled' AND status = 'cancelled' THEN 'other' END,
    CASE WHEN declined_at IS NOT NULL THEN 'target' WHEN path = 'cancelled' AND status = 'cancelled' THEN 'source' END,
    CASE WHEN status = 'completed' THEN 'services_received' WHEN status = 'failed' THEN 'needs_not_met' END,
    CASE WHEN path = 'expired' AND status = 'cancelled' THEN 'expired' END,
    at, last_at, last_at, sent_at, first_viewed_at, accepted_at, started_at, declined_at, completed_at, answer_seen_at, closed_at,
    sent_at + interval '2 days', CASE WHEN reached > 1 THEN 2 END, CASE WHEN reached > 1 THEN 10 END,
    -- In microseconds; five days of seven are working days.
    extract(epoch FROM coalesce(accepted_at, declined_at) - sent_at) * 1000000 * 5 / 7
FROM made ORDER BY n;

INSERT INTO timeline (event_id, referral_id, event_type, at, version, status, side, member_id)
SELECT event_id, referral_id, type, event_at, k, status, side, staff.id
FROM happened LEFT JOIN staff ON staff.o = by_o AND staff.slot = by_slot ORDER BY n, k;

INSERT INTO messages (id, referral_id, side, member_id, to_organization_id, text, created_at, read_at, read_by, withheld)
SELECT pg_temp.made_id(sent_at + interval '1 hour', 'message:' || n), id, 'source', adviser_id, target_id,
    pg_temp.noise('message:' || n, 120), sent_at + interval '1 hour', first_viewed_at + interval '2 hours',
    CASE WHEN first_viewed_at IS NOT NULL THEN recipient_id END, first_viewed_at IS NULL AND status = 'cancelled'
FROM made WHERE n % 2 = 0 AND sent_at IS NOT NULL ORDER BY n;

INSERT INTO timers (referral_id, kind, since, due_at, fired_at)
SELECT id, kind, since, due_at, CASE WHEN due_at < moment THEN due_at END
FROM made, filling, LATERAL (
    VALUES ('requested', 'due_soon', sent_at, interval '1 day'), ('requested', 'overdue', sent_at, interval '2 days'),
        ('requested', 'overdue_again', sent_at, interval '4 days'), ('requested', 'expire', sent_at, interval '14 days'),
        ('accepted', 'not_started', accepted_at, interval '7 days'), ('accepted', 'no_news', last_at, interval '28 days'),
        ('in-progress', 'no_news', last_at, interval '28 days')
) AS running (in_status, kind, since, after), LATERAL (SELECT since + after AS due_at) AS timed
WHERE status = in_status ORDER BY n;

INSERT INTO disclosures (id, client_id, referral_id, organization_id, member_id, occasion, at)
SELECT pg_temp.made_id(seen_at, 'disclosure:' || n || occasion), client_id, id, organization_id, member_id, occasion, seen_at
FROM made, LATERAL (
    VALUES ('create', at, source_id, adviser_id), ('accept', accepted_at, target_id, recipient_id),
        ('read', accepted_at + interval '1 minute', target_id, recipient_id), ('read', answer_seen_at, source_id, adviser_id)
) AS shown (occasion, seen_at, organization_id, member_id)
WHERE seen_at IS NOT NULL ORDER BY seen_at;

INSERT INTO deliveries (id, epoch, sequence, referral_id, cause_id, channel, organization_id, member_id, status, at)
SELECT delivery_id, 1, 1, referral_id, event_id, channel, towns.id, staff.id, CASE WHEN failed THEN 'failed' ELSE 'delivered' END, ended_at
FROM delivered JOIN towns USING (o) JOIN staff USING (o, slot) ORDER BY n, k;

INSERT INTO inbox (event_id, consumer, handled_at) SELECT delivery_event_id, 'referral', ended_at FROM delivered ORDER BY n, k;

INSERT INTO outbox (event_id, type, subject, payload, recorded_at, published_at)
SELECT event_id, type, referral_id::text, json_build_object(
    'specversion', '1.0', 'id', event_id, 'source', 'urn:luotsi:referral', 'type', type, 'time', event_at,
    'subject', referral_id, 'dataschema', 'urn:luotsi:event:' || type, 'datacontenttype', 'application/json', 'sequence', k,
    'epoch', 1, 'actor', coalesce(adviser_id::text, 'system'), 'correlationid', event_id,
    'traceparent', '00-' || md5(event_id::text) || '-' || left(md5(event_id::text), 16) || '-00', 'data', json_build_object(
        'id', referral_id, 'reference', made.reference, 'status', happened.status, 'version', k, 'urgency', urgency,
        'language', language, 'service_id', service_id, 'source_organization_id', source_id, 'source_member_id', adviser_id,
        'target_organization_id', target_id, 'assigned_member_id', CASE WHEN k >= 4 AND n % 3 > 0 THEN recipient_id END,
        'desk_member_ids', CASE WHEN k > 1 THEN desk ELSE '{}' END, 'root_id', referral_id, 'chain_depth', 1,
        'by_side', side, 'created_at', made.at, 'sent_at', CASE WHEN k > 1 THEN sent_at END, 'first_viewed_at',
        CASE WHEN first_viewed_at <= event_at THEN first_viewed_at END, 'accepted_at', CASE WHEN accepted_at <= event_at THEN
        accepted_at END, 'started_at', CASE WHEN started_at <= event_at THEN started_at END, 'completed_at',
        CASE WHEN completed_at <= event_at THEN completed_at END, 'answer_seen_at', CASE WHEN answer_seen_at <= event_at THEN
        answer_seen_at END, 'closed_at', CASE WHEN closed_at <= event_at THEN closed_at END, 'respond_by',
        CASE WHEN k > 1 THEN sent_at + interval '2 days' END
    )
)::text, event_at, event_at
FROM happened JOIN made USING (n), filling
WHERE NOT lean OR k = made.reached ORDER BY event_at;
