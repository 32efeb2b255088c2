-- The backups that were made of this database. Each is noted before the copy is made, so the copy has it too, and so
-- has whatever comes of the database later. A database without it is another one, or older: see keeping/succession.py.
--
-- Rows stay: a folder may be brought up to date after years. They have some fifty bytes.
CREATE TABLE backup (
    backup_id TEXT NOT NULL PRIMARY KEY
) $without_rowid;
