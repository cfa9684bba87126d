INSERT INTO organizations (id, epoch, sequence, slug, name, active, email, closures)
SELECT id, 1, 1, slug, name, true, email, '[]' FROM towns;

INSERT INTO services (id, epoch, sequence, slug, organization_id, name, status, capacity)
SELECT offered.id, 1, 1, offered.slug, towns.id, offered.name, 'active', 'capacity' FROM offered JOIN towns USING (o);

CREATE TEMP TABLE numbered AS
SELECT notice_id, staff.id AS member_id, row_number() OVER (PARTITION BY staff.id ORDER BY event_at, notice_id) AS number
FROM told JOIN staff USING (o, slot);
CREATE UNIQUE INDEX ON numbered (notice_id);
ANALYZE numbered;

-- What people had to do before the last few days, they have seen.
INSERT INTO notices (
    id, event_id, event_type, correlation_id, referral_id, reference, recipient_organization_id, recipient_member_id, number,
    about, created_at, seen_at
)
SELECT notice_id, event_id, type, event_id::text, referral_id, reference,
    towns.id, member_id, number, jsonb_build_object(
        'reference', reference, 'status', status, 'urgent', false,
        'by_side', side, 'source_organization_id', giver.id, 'source', giver.name, 'target_organization_id', taker.id,
        'target', taker.name, 'service_id', offered.id, 'service', offered.name
    ), event_at, CASE WHEN n <= referrals - at_work OR slot IN (1, 3) THEN least(event_at + interval '3 hours', moment) END
FROM told JOIN numbered USING (notice_id) JOIN towns USING (o) JOIN offered USING (s)
    JOIN towns AS giver ON giver.o = source JOIN towns AS taker ON taker.o = target, filling
ORDER BY n, k;

INSERT INTO counters (member_id, last_number) SELECT member_id, max(number) FROM numbered GROUP BY member_id;

INSERT INTO deliveries (id, notice_id, organization_id, channel, status, attempts, last_error, delivered_at, version)
SELECT delivery_id, notice_id, id, channel, CASE WHEN failed THEN 'exhausted' ELSE 'delivered' END,
    CASE WHEN failed THEN 8 ELSE 1 END, CASE WHEN failed THEN '550 5.1.1 no such mailbox' END,
    CASE WHEN NOT failed THEN ended_at END, 1
FROM delivered JOIN towns USING (o) ORDER BY n, k;

INSERT INTO inbox (event_id, consumer, handled_at) SELECT event_id, 'notifications', event_at FROM happened ORDER BY n, k;

INSERT INTO outbox (event_id, type, subject, payload, recorded_at, published_at)
SELECT delivery_event_id, ended_by, delivery_id::text, json_build_object(
    'specversion', '1.0', 'id', delivery_event_id, 'source', 'urn:luotsi:notifications', 'type', ended_by,
    'time', ended_at, 'subject', delivery_id, 'dataschema', 'urn:luotsi:event:' || ended_by,
    'datacontenttype', 'application/json', 'sequence', 1, 'epoch', 1, 'actor', 'system', 'correlationid', event_id,
    'traceparent', '00-' || md5(event_id::text) || '-' || left(md5(event_id::text), 16) || '-00', 'data', json_build_object(
        'id', delivery_id, 'notice_id', notice_id, 'referral_id', referral_id, 'cause_id', event_id, 'cause_type', type,
        'channel', channel, 'organization_id', towns.id, 'member_id', staff.id,
        'attempts', CASE WHEN failed THEN 8 ELSE 1 END, 'at', ended_at
    )
)::text, ended_at, ended_at
FROM delivered JOIN towns USING (o) JOIN staff USING (o, slot), filling
WHERE NOT lean ORDER BY ended_at;
