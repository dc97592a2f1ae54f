CREATE TABLE users (
	id SERIAL NOT NULL,
	email VARCHAR(64),
	username VARCHAR(64),
	password_hash VARCHAR(128),
	confirmed BOOLEAN,
	name VARCHAR(64),
	location VARCHAR(64),
	about_me TEXT,
	member_since TIMESTAMP WITHOUT TIME ZONE,
	last_seen TIMESTAMP WITHOUT TIME ZONE,
	avatar_hash VARCHAR(32),
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_users_email ON users (email);
CREATE UNIQUE INDEX ix_users_username ON users (username);
