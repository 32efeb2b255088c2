-- Accounts, buckets, objects with their versions, uploads, and the blobs that they refer to.
--
-- A statement ends with a semicolon at the end of a line. Words that begin with a dollar sign
-- are filled in by the dialect (see dialects.py). All times are milliseconds since the epoch.

-- One row for each canonical user. It outlives its credentials, because objects keep its id.
CREATE TABLE account (
    owner_id     TEXT NOT NULL PRIMARY KEY,
    display_name TEXT NOT NULL,
    email        TEXT NOT NULL
) $without_rowid;

CREATE INDEX account_by_email ON account (email);

-- source: 'config' rows follow the configuration at every start; 'admin' rows were made by hand.
CREATE TABLE credential (
    access_key TEXT     NOT NULL PRIMARY KEY,
    secret_key TEXT     NOT NULL,
    owner_id   TEXT     NOT NULL REFERENCES account (owner_id),
    source     TEXT     NOT NULL CHECK (source IN ('config', 'admin')),
    enabled    SMALLINT NOT NULL,
    created_ms BIGINT   NOT NULL
) $without_rowid;

-- versioning: '' (never enabled), 'Enabled' or 'Suspended'. acl: JSON text, '' for the default.
-- ownership: as in S3's XML, '' for none. tags: a JSON array, '' when empty.
CREATE TABLE bucket (
    bucket_id  TEXT   NOT NULL PRIMARY KEY,
    name       $key   NOT NULL UNIQUE,
    owner_id   TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    created_ms BIGINT NOT NULL,
    versioning TEXT   NOT NULL,
    acl        TEXT   NOT NULL,
    ownership  TEXT   NOT NULL,
    tags       TEXT   NOT NULL
) $without_rowid;

CREATE INDEX bucket_by_owner ON bucket (owner_id, name);

-- The current version of each key that has one. A key whose newest version is a delete marker
-- has no row here, so a listing reads nothing that it does not show.
--
-- Clustered by key. The columns that a listing shows come first: the ones behind them may spill
-- to overflow pages, which a listing then never touches.
--
-- version_order: ascending from the newest version of a key to its oldest (minus the time of
-- writing, made unique for the key). It exists beside last_modified_ms because one sorts and the
-- other is shown. headers, user_metadata: JSON objects. tags, checksums, parts, segments: JSON
-- arrays. Each of these is '' when empty.
CREATE TABLE object (
    bucket_id        TEXT   NOT NULL,
    key              $key   NOT NULL,
    size_bytes       BIGINT NOT NULL,
    etag             TEXT   NOT NULL,
    last_modified_ms BIGINT NOT NULL,
    storage_class    TEXT   NOT NULL,
    owner_id         TEXT   NOT NULL,
    checksums        TEXT   NOT NULL,
    version_id       TEXT   NOT NULL,
    version_order    BIGINT NOT NULL,
    headers          TEXT   NOT NULL,
    user_metadata    TEXT   NOT NULL,
    tags             TEXT   NOT NULL,
    acl              TEXT   NOT NULL,
    parts            TEXT   NOT NULL,
    segments         TEXT   NOT NULL,
    PRIMARY KEY (bucket_id, key)
) $without_rowid;

-- All other versions, and every delete marker, the newest one of a key too. The same columns as
-- in object, so that a version moves from one table to the other in one statement.
CREATE TABLE object_version (
    bucket_id        TEXT     NOT NULL,
    key              $key     NOT NULL,
    version_order    BIGINT   NOT NULL,
    size_bytes       BIGINT   NOT NULL,
    etag             TEXT     NOT NULL,
    last_modified_ms BIGINT   NOT NULL,
    storage_class    TEXT     NOT NULL,
    owner_id         TEXT     NOT NULL,
    checksums        TEXT     NOT NULL,
    version_id       TEXT     NOT NULL,
    is_delete_marker SMALLINT NOT NULL,
    headers          TEXT     NOT NULL,
    user_metadata    TEXT     NOT NULL,
    tags             TEXT     NOT NULL,
    acl              TEXT     NOT NULL,
    parts            TEXT     NOT NULL,
    segments         TEXT     NOT NULL,
    PRIMARY KEY (bucket_id, key, version_order)
) $without_rowid;

CREATE UNIQUE INDEX object_version_by_id ON object_version (bucket_id, key, version_id);

-- Multipart uploads that are neither completed nor aborted. The columns are those that the object
-- will have; checksum_algorithm and checksum_type are '' where the client named none. Upload ids
-- begin with their time, so uploads of one key stand in the order in which they began.
CREATE TABLE upload (
    bucket_id          TEXT   NOT NULL,
    key                $key   NOT NULL,
    upload_id          $key   NOT NULL,
    initiated_ms       BIGINT NOT NULL,
    owner_id           TEXT   NOT NULL,
    initiator_id       TEXT   NOT NULL,
    storage_class      TEXT   NOT NULL,
    checksum_algorithm TEXT   NOT NULL,
    checksum_type      TEXT   NOT NULL,
    headers            TEXT   NOT NULL,
    user_metadata      TEXT   NOT NULL,
    tags               TEXT   NOT NULL,
    acl                TEXT   NOT NULL,
    PRIMARY KEY (bucket_id, key, upload_id)
) $without_rowid;

CREATE INDEX upload_by_age ON upload (initiated_ms);

-- The parts of those uploads.
CREATE TABLE part (
    upload_id        $key   NOT NULL,
    number           BIGINT NOT NULL,
    size_bytes       BIGINT NOT NULL,
    etag             TEXT   NOT NULL,
    last_modified_ms BIGINT NOT NULL,
    checksums        TEXT   NOT NULL,
    segments         TEXT   NOT NULL,
    PRIMARY KEY (upload_id, number)
) $without_rowid;

-- What became of completed uploads, so that completing one twice answers the same twice.
-- version_id is the one that was shown, '' for none.
CREATE TABLE completed_upload (
    bucket_id    TEXT   NOT NULL,
    key          $key   NOT NULL,
    upload_id    $key   NOT NULL,
    completed_ms BIGINT NOT NULL,
    version_id   TEXT   NOT NULL,
    etag         TEXT   NOT NULL,
    checksums    TEXT   NOT NULL,
    PRIMARY KEY (bucket_id, key, upload_id)
) $without_rowid;

CREATE INDEX completed_upload_by_age ON completed_upload (completed_ms);

-- The bytes that objects and parts refer to. refs is the number of segments, of all versions of
-- all objects and of all parts, that name the locator; a blob that nobody names has no row. content holds the bytes
-- of a small object, and is NULL for bytes that a storage backend keeps.
--
-- Not clustered by locator: rows with content are packed tighter in a table ordered by row
-- number, and come in time order either way.
CREATE TABLE blob (
    locator    TEXT   NOT NULL PRIMARY KEY,
    size_bytes BIGINT NOT NULL,
    refs       BIGINT NOT NULL CHECK (refs > 0),
    content    $blob
);

-- Blobs of a storage backend that nobody refers to any more, until the backend has deleted them.
CREATE TABLE garbage (
    locator  TEXT   NOT NULL PRIMARY KEY,
    since_ms BIGINT NOT NULL
) $without_rowid;

CREATE INDEX garbage_by_age ON garbage (since_ms, locator);

-- The bytes of blobs where the storage backend keeps them in this database: rows of a bounded
-- size, each of which begins at ``position`` in its blob. Every blob has a row at position 0.
CREATE TABLE blob_row (
    locator  TEXT   NOT NULL,
    position BIGINT NOT NULL,
    content  $blob  NOT NULL,
    PRIMARY KEY (locator, position)
) $without_rowid;

-- Blobs in those rows of which it is not certain that somebody refers to them: on their way in,
-- or on their way out. If the process that is at work on one is gone, recovery decides.
CREATE TABLE unsettled_blob (
    locator TEXT NOT NULL PRIMARY KEY,
    process TEXT NOT NULL
) $without_rowid;

-- Gateways show current objects under their own names upstream. What stands under such a name, as
-- far as we know; a name without a row has nothing, or something that is not ours. By the bucket's
-- name, because names outlive buckets. The size and the appearance (headers and user_metadata, as
-- in object) are those that it stands there with.
CREATE TABLE shown (
    bucket_name   $key   NOT NULL,
    key           $key   NOT NULL,
    locator       TEXT   NOT NULL,
    size_bytes    BIGINT NOT NULL,
    headers       TEXT   NOT NULL,
    user_metadata TEXT   NOT NULL,
    PRIMARY KEY (bucket_name, key)
) $without_rowid;

-- Keys whose names upstream may not show their current versions yet. serial counts the changes of
-- the key since it has a row here. Until claimed_until_ms only the holder works on the name. failures:
-- how often that has failed in a row; due_ms: not to be tried before, but for a request that waits.
CREATE TABLE unshown (
    bucket_name      $key   NOT NULL,
    key              $key   NOT NULL,
    serial           BIGINT NOT NULL,
    holder           TEXT   NOT NULL,
    claimed_until_ms BIGINT NOT NULL,
    failures         BIGINT NOT NULL,
    due_ms           BIGINT NOT NULL,
    PRIMARY KEY (bucket_name, key)
) $without_rowid;

CREATE INDEX unshown_by_due ON unshown (due_ms, bucket_name, key);

-- How far the adoption of a bucket's objects upstream has come, if it was interrupted.
CREATE TABLE adoption (
    bucket_name $key NOT NULL PRIMARY KEY,
    last_key    $key NOT NULL
) $without_rowid;
