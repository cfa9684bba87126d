-- The catalogue's members, and the events by which the others came to know it all.
INSERT INTO members (id, organization_id, email, language, roles, active, version)
SELECT staff.id, towns.id, staff.email, 'fi', roles, true, 1 FROM staff JOIN towns USING (o);

INSERT INTO outbox (event_id, type, subject, payload, recorded_at, published_at)
SELECT event_id, type, subject::text, json_build_object(
    'specversion', '1.0', 'id', event_id, 'source', 'urn:luotsi:catalog', 'type', type, 'time', first_day, 'subject', subject,
    'dataschema', 'urn:luotsi:event:' || type, 'datacontenttype', 'application/json', 'sequence', 1, 'epoch', 1,
    'actor', 'system', 'correlationid', event_id,
    'traceparent', '00-' || md5(event_id::text) || '-' || left(md5(event_id::text), 16) || '-00', 'data', state
)::text, first_day, first_day
FROM known, filling;
