-- One text for both engines; {time}, {bytes} and {sequence} are the engine's own types.

ALTER TABLE users ADD COLUMN username_key TEXT;
ALTER TABLE users ADD COLUMN email_key TEXT;
ALTER TABLE users ADD COLUMN disabled_at {time};
ALTER TABLE users ADD COLUMN tokens_valid_after {time};
CREATE UNIQUE INDEX ix_users_username_key ON users (username_key);
CREATE UNIQUE INDEX ix_users_email_key ON users (email_key);

CREATE TABLE sessions (
	id CHAR(32) NOT NULL PRIMARY KEY,
	user_id BIGINT NOT NULL,
	cookie_hash {bytes},
	created_at {time} NOT NULL,
	last_seen_at {time} NOT NULL,
	expires_at {time} NOT NULL,
	ended_at {time},
	end_reason VARCHAR(32),
	fresh BOOLEAN NOT NULL,
	address VARCHAR(64),
	user_agent VARCHAR(256),
	fingerprint {bytes} NOT NULL
);
CREATE UNIQUE INDEX ix_sessions_cookie_hash ON sessions (cookie_hash);
CREATE INDEX ix_sessions_user_id ON sessions (user_id, id);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);

CREATE TABLE refresh_tokens (
	token_hash {bytes} NOT NULL PRIMARY KEY,
	user_id BIGINT NOT NULL,
	session_id CHAR(32) NOT NULL,
	issued_at {time} NOT NULL,
	expires_at {time} NOT NULL,
	used_at {time}
);
CREATE INDEX ix_refresh_tokens_session_id ON refresh_tokens (session_id);
CREATE INDEX ix_refresh_tokens_user_id ON refresh_tokens (user_id);
CREATE INDEX ix_refresh_tokens_expires_at ON refresh_tokens (expires_at);

CREATE TABLE roles (
	name VARCHAR(64) NOT NULL PRIMARY KEY,
	description TEXT
);
INSERT INTO roles (name, description) VALUES ('admin', 'Administers users, roles and sessions');

CREATE TABLE user_roles (
	user_id BIGINT NOT NULL,
	role VARCHAR(64) NOT NULL REFERENCES roles (name),
	granted_at {time} NOT NULL,
	PRIMARY KEY (user_id, role)
);
CREATE INDEX ix_user_roles_role ON user_roles (role, user_id);

CREATE TABLE signing_keys (
	kid VARCHAR(64) NOT NULL PRIMARY KEY,
	public_key {bytes} NOT NULL,
	sealed_key {bytes} NOT NULL,
	created_at {time} NOT NULL,
	retired_at {time},
	revoked_at {time}
);

CREATE TABLE revocations (
	sequence {sequence},
	kind VARCHAR(16) NOT NULL,
	user_id BIGINT,
	session_id CHAR(32),
	token_hash {bytes},
	valid_after {time},
	roles TEXT,
	created_at {time} NOT NULL,
	until {time} NOT NULL
);
CREATE INDEX ix_revocations_until ON revocations (until);
CREATE INDEX ix_revocations_user_id ON revocations (user_id);

CREATE TABLE doorward_state (
	name VARCHAR(64) NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
);
