-- By which id the place of a gateway's bytes upstream knows these metadata: see storage/remote/marker.py. No row
-- where there is no gateway, and never more than one.
CREATE TABLE gateway (
    store_id TEXT NOT NULL PRIMARY KEY
) $without_rowid;
