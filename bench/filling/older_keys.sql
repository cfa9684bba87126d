-- After those that open: whoever looks at the first key is to find one.
INSERT INTO client_keys (client_id, wrapped)
SELECT client_id, pg_temp.noise('key:' || n, 64) FROM journeys, filling WHERE n <= referrals - 1000 ORDER BY n;
