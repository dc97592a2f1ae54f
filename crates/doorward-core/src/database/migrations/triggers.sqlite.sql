-- A user that any application deletes takes what Doorward holds of it along: SQLite gives a freed id
-- to the next user, who must not inherit roles or sessions.
CREATE TRIGGER IF NOT EXISTS doorward_user_deleted AFTER DELETE ON users BEGIN
	DELETE FROM user_roles WHERE user_id = OLD.id;
	DELETE FROM refresh_tokens WHERE user_id = OLD.id;
	DELETE FROM sessions WHERE user_id = OLD.id;
	DELETE FROM one_time_codes WHERE user_id = OLD.id;
	DELETE FROM trusted_devices WHERE user_id = OLD.id;
	DELETE FROM api_keys WHERE user_id = OLD.id;
	DELETE FROM doorward_exchanged_cookies WHERE user_id = OLD.id;
	INSERT INTO revocations (kind, user_id, valid_after, created_at, until) VALUES (
		'user', OLD.id,
		strftime('%Y-%m-%d %H:%M:%f000', 'now'),
		strftime('%Y-%m-%d %H:%M:%f000', 'now'),
		strftime('%Y-%m-%d %H:%M:%f000', 'now', '+400 days')
	);
END;

-- A user that any application renames loses the key of the old spelling; Doorward gives the new one.
CREATE TRIGGER IF NOT EXISTS doorward_username_changed AFTER UPDATE OF username ON users
WHEN NEW.username IS NOT OLD.username AND NEW.username_key IS OLD.username_key BEGIN
	UPDATE users SET username_key = NULL WHERE id = NEW.id;
END;
CREATE TRIGGER IF NOT EXISTS doorward_email_changed AFTER UPDATE OF email ON users
WHEN NEW.email IS NOT OLD.email AND NEW.email_key IS OLD.email_key BEGIN
	UPDATE users SET email_key = NULL WHERE id = NEW.id;
END;
CREATE TRIGGER IF NOT EXISTS doorward_username_reshaped AFTER UPDATE OF username ON users
WHEN NEW.username IS NOT OLD.username AND NEW.username_skeleton IS OLD.username_skeleton BEGIN
	UPDATE users SET username_skeleton = NULL WHERE id = NEW.id;
END;

-- A password that the application changed ends what was signed in with the old one. Doorward counts its own
-- changes up, and ends what is to end itself.
CREATE TRIGGER IF NOT EXISTS doorward_password_changed AFTER UPDATE OF password_hash ON users
WHEN NEW.password_hash IS NOT OLD.password_hash AND NEW.password_version IS OLD.password_version BEGIN
	UPDATE users SET tokens_valid_after = strftime('%Y-%m-%d %H:%M:%f000', 'now') WHERE id = NEW.id;
	UPDATE sessions SET ended_at = strftime('%Y-%m-%d %H:%M:%f000', 'now'), end_reason = 'password_changed'
		WHERE user_id = NEW.id AND ended_at IS NULL;
	DELETE FROM trusted_devices WHERE user_id = NEW.id;
	INSERT INTO revocations (kind, user_id, valid_after, created_at, until) VALUES (
		'user', NEW.id,
		strftime('%Y-%m-%d %H:%M:%f000', 'now'),
		strftime('%Y-%m-%d %H:%M:%f000', 'now'),
		strftime('%Y-%m-%d %H:%M:%f000', 'now', '+400 days')
	);
END;
