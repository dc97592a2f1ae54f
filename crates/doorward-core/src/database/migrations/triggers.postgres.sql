-- Readers follow the revocations by their sequence. A number is drawn before its row is committed, so
-- writers take turns from here to their commit: no reader sees a later number before an earlier one.
CREATE OR REPLACE FUNCTION doorward_revocations_in_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(7310581442);
	RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION doorward_revocations_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('doorward_revocations', '');
	RETURN NULL;
END $$;

-- With the rights of who made it: the application that deletes a user need not know these tables.
CREATE OR REPLACE FUNCTION doorward_user_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	DELETE FROM user_roles WHERE user_id = OLD.id;
	DELETE FROM refresh_tokens WHERE user_id = OLD.id;
	DELETE FROM sessions WHERE user_id = OLD.id;
	DELETE FROM one_time_codes WHERE user_id = OLD.id;
	DELETE FROM trusted_devices WHERE user_id = OLD.id;
	DELETE FROM api_keys WHERE user_id = OLD.id;
	DELETE FROM doorward_exchanged_cookies WHERE user_id = OLD.id;
	INSERT INTO revocations (kind, user_id, valid_after, created_at, until) VALUES (
		'user', OLD.id,
		timezone('utc', clock_timestamp()),
		timezone('utc', clock_timestamp()),
		timezone('utc', clock_timestamp()) + interval '400 days'
	);
	RETURN NULL;
END $$;

-- A user that any application renames loses the key of the old spelling; Doorward gives the new one.
CREATE OR REPLACE FUNCTION doorward_user_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.username IS DISTINCT FROM OLD.username AND NEW.username_key IS NOT DISTINCT FROM OLD.username_key THEN
		NEW.username_key := NULL;
	END IF;
	IF NEW.email IS DISTINCT FROM OLD.email AND NEW.email_key IS NOT DISTINCT FROM OLD.email_key THEN
		NEW.email_key := NULL;
	END IF;
	RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION doorward_username_reshaped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.username IS DISTINCT FROM OLD.username
		AND NEW.username_skeleton IS NOT DISTINCT FROM OLD.username_skeleton THEN
		NEW.username_skeleton := NULL;
	END IF;
	RETURN NEW;
END $$;

-- A password that the application changed ends what was signed in with the old one. Doorward counts its own
-- changes up, and ends what is to end itself.
CREATE OR REPLACE FUNCTION doorward_password_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	IF NEW.password_hash IS DISTINCT FROM OLD.password_hash
		AND NEW.password_version IS NOT DISTINCT FROM OLD.password_version THEN
		NEW.tokens_valid_after := timezone('utc', clock_timestamp());
		UPDATE sessions SET ended_at = NEW.tokens_valid_after, end_reason = 'password_changed'
			WHERE user_id = NEW.id AND ended_at IS NULL;
		DELETE FROM trusted_devices WHERE user_id = NEW.id;
		INSERT INTO revocations (kind, user_id, valid_after, created_at, until) VALUES (
			'user', NEW.id, NEW.tokens_valid_after, NEW.tokens_valid_after, NEW.tokens_valid_after + interval '400 days'
		);
	END IF;
	RETURN NEW;
END $$;

DO $$ BEGIN
	IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'doorward_revocations_in_turn' AND tgrelid = 'revocations'::regclass) THEN
		CREATE TRIGGER doorward_revocations_in_turn BEFORE INSERT ON revocations
			FOR EACH STATEMENT EXECUTE FUNCTION doorward_revocations_in_turn();
	END IF;
	IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'doorward_revocations_told' AND tgrelid = 'revocations'::regclass) THEN
		CREATE TRIGGER doorward_revocations_told AFTER INSERT ON revocations
			FOR EACH STATEMENT EXECUTE FUNCTION doorward_revocations_told();
	END IF;
	IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'doorward_user_deleted' AND tgrelid = 'users'::regclass) THEN
		CREATE TRIGGER doorward_user_deleted AFTER DELETE ON users
			FOR EACH ROW EXECUTE FUNCTION doorward_user_deleted();
	END IF;
	IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'doorward_user_renamed' AND tgrelid = 'users'::regclass) THEN
		CREATE TRIGGER doorward_user_renamed BEFORE UPDATE OF username, email ON users
			FOR EACH ROW EXECUTE FUNCTION doorward_user_renamed();
	END IF;
	IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'doorward_username_reshaped' AND tgrelid = 'users'::regclass) THEN
		CREATE TRIGGER doorward_username_reshaped BEFORE UPDATE OF username ON users
			FOR EACH ROW EXECUTE FUNCTION doorward_username_reshaped();
	END IF;
	IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'doorward_password_changed' AND tgrelid = 'users'::regclass) THEN
		CREATE TRIGGER doorward_password_changed BEFORE UPDATE OF password_hash ON users
			FOR EACH ROW EXECUTE FUNCTION doorward_password_changed();
	END IF;
END $$;
