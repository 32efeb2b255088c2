-- Which buckets' objects have other names upstream than usual, as JSON: what shown and unshown say is about these.
ALTER TABLE gateway ADD COLUMN bucket_prefixes TEXT NOT NULL DEFAULT '{}';
