-- What bleepstore-admin needs: users that are disabled, keys that end, and holds on garbage.

-- A user who is disabled has keys that are not found, whatever these say themselves.
ALTER TABLE account ADD COLUMN enabled SMALLINT NOT NULL DEFAULT 1;

-- From when on a key is no longer found; 0 for never.
ALTER TABLE credential ADD COLUMN expires_ms BIGINT NOT NULL DEFAULT 0;

-- While somebody copies the bytes that the metadata of a moment referred to, no garbage is
-- deleted. A hold ends by itself at until_ms, so that nobody who dies holds for ever.
CREATE TABLE garbage_hold (
    hold_id  TEXT   NOT NULL PRIMARY KEY,
    until_ms BIGINT NOT NULL
) $without_rowid;
