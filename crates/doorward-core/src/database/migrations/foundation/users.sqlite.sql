CREATE TABLE users (
	id INTEGER NOT NULL, 
	email VARCHAR(64), 
	username VARCHAR(64), 
	password_hash VARCHAR(128), 
	confirmed BOOLEAN, 
	name VARCHAR(64), 
	location VARCHAR(64), 
	about_me TEXT, 
	member_since DATETIME, 
	last_seen DATETIME, 
	avatar_hash VARCHAR(32), 
	PRIMARY KEY (id), 
	CHECK (confirmed IN (0, 1))
);
CREATE UNIQUE INDEX ix_users_email ON users (email);
CREATE UNIQUE INDEX ix_users_username ON users (username);
