-- One text for both engines; {time}, {bytes} and {sequence} are the engine's own types.

ALTER TABLE users ADD COLUMN username_skeleton TEXT;
ALTER TABLE users ADD COLUMN pending_email VARCHAR(64);
ALTER TABLE users ADD COLUMN pending_email_key TEXT;
ALTER TABLE users ADD COLUMN confirm_by {time};
ALTER TABLE users ADD COLUMN must_change_password BOOLEAN;
ALTER TABLE users ADD COLUMN disabled_until {time};
ALTER TABLE users ADD COLUMN disabled_reason VARCHAR(256);
ALTER TABLE users ADD COLUMN delete_after {time};
ALTER TABLE users ADD COLUMN service BOOLEAN;
ALTER TABLE users ADD COLUMN language VARCHAR(8);
ALTER TABLE users ADD COLUMN extra TEXT;
CREATE UNIQUE INDEX ix_users_username_skeleton ON users (username_skeleton);
CREATE INDEX ix_users_pending_email_key ON users (pending_email_key) WHERE pending_email_key IS NOT NULL;
CREATE INDEX ix_users_confirm_by ON users (confirm_by) WHERE confirm_by IS NOT NULL;
CREATE INDEX ix_users_delete_after ON users (delete_after) WHERE delete_after IS NOT NULL;

-- For the administrators' lists: each order and each filter that few rows pass. {bytewise} makes names
-- come in one order on both engines, and a prefix of a name a range.
CREATE INDEX ix_users_by_username ON users ((COALESCE(username_key, '')) {bytewise}, id);
CREATE INDEX ix_users_by_email ON users ((COALESCE(email_key, '')) {bytewise}, id);
CREATE INDEX ix_users_by_member_since ON users ((COALESCE(member_since, '0001-01-01 00:00:00.000000')), id);
CREATE INDEX ix_users_by_last_seen ON users ((COALESCE(last_seen, '0001-01-01 00:00:00.000000')), id);
CREATE INDEX ix_users_disabled ON users (id) WHERE disabled_at IS NOT NULL;
CREATE INDEX ix_users_disabled_until ON users (disabled_until) WHERE disabled_until IS NOT NULL;
CREATE INDEX ix_users_confirmed ON users (id) WHERE confirmed;
CREATE INDEX ix_users_unconfirmed ON users (id) WHERE confirmed IS NULL OR NOT confirmed;
CREATE INDEX ix_users_service ON users (id) WHERE service;
-- Whether a sign-in comes from a known device.
CREATE INDEX ix_sessions_fingerprint ON sessions (user_id, fingerprint, id);

CREATE TABLE one_time_codes (
	user_id BIGINT NOT NULL,
	purpose VARCHAR(32) NOT NULL,
	link_hash {bytes} NOT NULL,
	typed_hash {bytes},
	email VARCHAR(64),
	created_at {time} NOT NULL,
	link_expires_at {time} NOT NULL,
	typed_expires_at {time},
	tries INTEGER NOT NULL,
	PRIMARY KEY (user_id, purpose)
);
CREATE UNIQUE INDEX ix_one_time_codes_link_hash ON one_time_codes (link_hash);
CREATE INDEX ix_one_time_codes_email ON one_time_codes (email, purpose);
CREATE INDEX ix_one_time_codes_link_expires_at ON one_time_codes (link_expires_at);

CREATE TABLE invitations (
	id CHAR(32) NOT NULL PRIMARY KEY,
	code_hash {bytes} NOT NULL,
	email VARCHAR(64),
	role VARCHAR(64),
	invited_by BIGINT,
	created_at {time} NOT NULL,
	expires_at {time} NOT NULL,
	used_at {time},
	user_id BIGINT
);
CREATE UNIQUE INDEX ix_invitations_code_hash ON invitations (code_hash);
CREATE INDEX ix_invitations_expires_at ON invitations (expires_at);

CREATE TABLE mail_outbox (
	id {sequence},
	user_id BIGINT,
	recipient VARCHAR(254) NOT NULL,
	template VARCHAR(64) NOT NULL,
	language VARCHAR(8) NOT NULL,
	sealed {bytes},
	message_id VARCHAR(128) NOT NULL,
	created_at {time} NOT NULL,
	due_at {time} NOT NULL,
	give_up_at {time} NOT NULL,
	attempts INTEGER NOT NULL,
	lease {bytes},
	leased_until {time},
	sent_at {time},
	failed_at {time},
	last_error VARCHAR(512)
);
CREATE INDEX ix_mail_outbox_due_at ON mail_outbox (due_at) WHERE sent_at IS NULL AND failed_at IS NULL;
CREATE INDEX ix_mail_outbox_created_at ON mail_outbox (created_at);
CREATE INDEX ix_mail_outbox_user_id ON mail_outbox (user_id);

CREATE TABLE login_failures (
	bucket {bytes} NOT NULL PRIMARY KEY,
	failures BIGINT NOT NULL,
	first_at {time} NOT NULL,
	last_at {time} NOT NULL,
	blocked_until {time},
	expires_at {time} NOT NULL
);
CREATE INDEX ix_login_failures_expires_at ON login_failures (expires_at);

CREATE TABLE trusted_devices (
	token_hash {bytes} NOT NULL PRIMARY KEY,
	user_id BIGINT NOT NULL,
	user_agent VARCHAR(256),
	created_at {time} NOT NULL,
	last_used_at {time} NOT NULL,
	expires_at {time} NOT NULL
);
CREATE INDEX ix_trusted_devices_user_id ON trusted_devices (user_id);
CREATE INDEX ix_trusted_devices_expires_at ON trusted_devices (expires_at);

CREATE TABLE api_keys (
	id CHAR(32) NOT NULL PRIMARY KEY,
	user_id BIGINT NOT NULL,
	key_hash {bytes} NOT NULL,
	shown VARCHAR(16) NOT NULL,
	name VARCHAR(64) NOT NULL,
	scopes TEXT NOT NULL,
	created_at {time} NOT NULL,
	expires_at {time},
	last_used_at {time},
	revoked_at {time}
);
CREATE UNIQUE INDEX ix_api_keys_key_hash ON api_keys (key_hash);
CREATE INDEX ix_api_keys_user_id ON api_keys (user_id, id);

CREATE TABLE role_permissions (
	role VARCHAR(64) NOT NULL REFERENCES roles (name),
	permission VARCHAR(64) NOT NULL,
	PRIMARY KEY (role, permission)
);

CREATE TABLE audit_streams (
	stream INTEGER NOT NULL PRIMARY KEY,
	sequence BIGINT NOT NULL,
	hash {bytes} NOT NULL,
	checkpoint BIGINT NOT NULL,
	checkpoint_hash {bytes} NOT NULL,
	checkpoint_seal {bytes}
);

CREATE TABLE audit_events (
	stream INTEGER NOT NULL,
	sequence BIGINT NOT NULL,
	at {time} NOT NULL,
	kind VARCHAR(64) NOT NULL,
	user_id BIGINT,
	actor VARCHAR(16) NOT NULL,
	actor_id BIGINT,
	address VARCHAR(64),
	request_id VARCHAR(64),
	details TEXT NOT NULL,
	hash {bytes} NOT NULL,
	PRIMARY KEY (stream, sequence)
);
CREATE INDEX ix_audit_events_at ON audit_events (at);
CREATE INDEX ix_audit_events_user_id ON audit_events (user_id, at);
CREATE INDEX ix_audit_events_kind ON audit_events (kind, at);
