-- How much there is, so that nobody has to count rows, of which there may be many millions.
--
-- Kept by triggers and not by those who write: so whoever writes, the totals are right, and they
-- change in the same transaction. (Measured: 3 µs for each row, where a commit takes a hundred
-- times as long.) "REPLACE" would get around them; there is none in this program.
--
-- size_bytes is 0 except for blobs. A trigger is written on one line, because of the semicolon in it.
CREATE TABLE total (
    kind       TEXT   NOT NULL PRIMARY KEY,
    rows       BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL
) $without_rowid;

INSERT INTO total SELECT 'bucket', count(*), 0 FROM bucket;
INSERT INTO total SELECT 'object', count(*), 0 FROM object;
INSERT INTO total SELECT 'blob', count(*), coalesce(sum(size_bytes), 0) FROM blob;
INSERT INTO total SELECT 'garbage', count(*), 0 FROM garbage;

CREATE TRIGGER bucket_comes AFTER INSERT ON bucket BEGIN UPDATE total SET rows = rows + 1 WHERE kind = 'bucket'; END;
CREATE TRIGGER bucket_goes AFTER DELETE ON bucket BEGIN UPDATE total SET rows = rows - 1 WHERE kind = 'bucket'; END;
CREATE TRIGGER object_comes AFTER INSERT ON object BEGIN UPDATE total SET rows = rows + 1 WHERE kind = 'object'; END;
CREATE TRIGGER object_goes AFTER DELETE ON object BEGIN UPDATE total SET rows = rows - 1 WHERE kind = 'object'; END;
CREATE TRIGGER blob_comes AFTER INSERT ON blob BEGIN UPDATE total SET rows = rows + 1, size_bytes = size_bytes + NEW.size_bytes WHERE kind = 'blob'; END;
CREATE TRIGGER blob_goes AFTER DELETE ON blob BEGIN UPDATE total SET rows = rows - 1, size_bytes = size_bytes - OLD.size_bytes WHERE kind = 'blob'; END;
CREATE TRIGGER garbage_comes AFTER INSERT ON garbage BEGIN UPDATE total SET rows = rows + 1 WHERE kind = 'garbage'; END;
CREATE TRIGGER garbage_goes AFTER DELETE ON garbage BEGIN UPDATE total SET rows = rows - 1 WHERE kind = 'garbage'; END;
