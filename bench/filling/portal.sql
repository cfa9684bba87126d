INSERT INTO organizations (id, epoch, sequence, slug, name, active) SELECT id, 1, 1, slug, name, true FROM towns;
