DROP TABLE doorward_exchanged_cookies;
ALTER TABLE doorward_imports DROP COLUMN last_id;
ALTER TABLE users DROP COLUMN password_version;
