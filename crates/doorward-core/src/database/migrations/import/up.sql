CREATE TABLE doorward_imports (
	source_hash VARCHAR(64) NOT NULL PRIMARY KEY,
	records BIGINT NOT NULL,
	created BIGINT NOT NULL,
	changed BIGINT NOT NULL,
	skipped BIGINT NOT NULL,
	rejected BIGINT NOT NULL,
	started_at {time} NOT NULL,
	ended_at {time}
);
CREATE TABLE doorward_imported_ids (
	source_hash VARCHAR(64) NOT NULL,
	source_id BIGINT NOT NULL,
	user_id BIGINT NOT NULL,
	PRIMARY KEY (source_hash, source_id)
);
