-- Counts what Doorward writes to `password_hash`: a change that doesn't count came from the application.
ALTER TABLE users ADD COLUMN password_version BIGINT;
-- The last id of a source that is a database.
ALTER TABLE doorward_imports ADD COLUMN last_id BIGINT;
-- A cookie of the Flask application is exchanged once: what became of its session counts from then on.
CREATE TABLE doorward_exchanged_cookies (
	cookie_hash {bytes} NOT NULL PRIMARY KEY,
	user_id BIGINT NOT NULL,
	session_id CHAR(32) NOT NULL,
	until {time}
);
CREATE INDEX ix_doorward_exchanged_cookies_user_id ON doorward_exchanged_cookies (user_id);
CREATE INDEX ix_doorward_exchanged_cookies_until ON doorward_exchanged_cookies (until) WHERE until IS NOT NULL;
