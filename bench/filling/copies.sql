-- What every service that copies the catalogue has of it.
INSERT INTO members (id, epoch, sequence, organization_id, email, language, roles, active)
SELECT staff.id, 1, 1, towns.id, staff.email, 'fi', roles, true FROM staff JOIN towns USING (o);

INSERT INTO inbox (event_id, consumer, handled_at) SELECT event_id, current_database(), first_day FROM known, filling;
