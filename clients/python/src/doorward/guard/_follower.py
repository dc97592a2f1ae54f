"""Follows Doorward's revocations and keys, in one thread of each process."""

import logging
import random
import threading
import time
from typing import Optional

from ._answers import FeedAnswer, Malformed, read_feed, read_keys
from ._http import Answer, Client, TooLarge, Unreachable
from ._verifier import Verifier

_LOG = logging.getLogger("doorward.guard")

#: For how many seconds Doorward may hold an answer back until there is something to tell.
WAIT = 5
#: The same while the keys are still to be fetched.
WAIT_WITHOUT_KEYS = 1
#: How much longer than that an answer may take.
PATIENCE = 5.0
#: How long a snapshot may take: it can be large.
SNAPSHOT_PATIENCE = 30.0

SNAPSHOT_LIMIT = 64 * 1024 * 1024
EVENTS_LIMIT = 1024 * 1024
KEYS_LIMIT = 64 * 1024

FIRST_DELAY, LAST_DELAY = 0.1, 5.0

#: How often the memory of what is over is given back.
PRUNE_EVERY = 60.0

KEYS_PATH = "/.well-known/jwks.json"


class Follower:
    """What it knows goes into the verifier. It is ended by ``stop`` or with the process."""

    def __init__(self, verifier: Verifier, client: Client) -> None:
        self._verifier = verifier
        self._client = client
        #: Held while keys are fetched and put in place, so that an older set never comes after a newer.
        self.fetching_keys = threading.Lock()
        #: Set once the first attempt has ended, well or not.
        self.attempted = threading.Event()
        self._stopping = threading.Event()
        #: The last number taken in; ``None`` before the first snapshot.
        self.sequence: Optional[int] = None
        self.last_error: Optional[str] = None
        self.answers = 0
        self.failures = 0
        self.snapshots = 0
        self.unknown_events = 0
        self._keys_wanted = True
        self._pruned_at = time.monotonic()

    def start(self) -> None:
        """Begins. The interpreter does not wait for it at its end."""
        threading.Thread(target=self._run, name="doorward-guard", daemon=True).start()

    def stop(self) -> None:
        """Ends it with the answer that it waits for."""
        self._stopping.set()

    def _run(self) -> None:
        delay = FIRST_DELAY
        while not self._stopping.is_set():
            failed = self._step()
            self.attempted.set()
            if failed is None:
                delay = FIRST_DELAY
                continue
            # Not all guards at once, when Doorward comes back.
            self._stopping.wait(random.uniform(delay / 2, delay))  # noqa: S311
            delay = min(2 * delay, LAST_DELAY)
        self._client.close()

    def _step(self) -> Optional[str]:
        """One question and its answer; what went wrong."""
        failed: Optional[str] = None
        try:
            self._ask_feed()
            if self._keys_wanted:
                failed = self._ask_keys()
        except (Unreachable, Malformed) as error:
            failed = f"/revocations: {error}"
        except Exception as error:
            # Whatever it is, to go on following is all that can help; until then the guard closes by itself.
            _LOG.exception("doorward: following the revocations failed")
            failed = f"{type(error).__name__}: {error}"
        if failed is None:
            if self.last_error is not None:
                _LOG.info("doorward: following the revocations again, at %s", self.sequence)
            self.last_error = None
            return None
        is_new = failed != self.last_error
        # Before it is counted: who sees another failure in the status sees which.
        self.last_error = failed
        self.failures += 1
        if is_new:
            _LOG.warning("doorward: %s", failed)
        return failed

    def _ask_feed(self) -> None:
        after = self.sequence
        if after is None:
            path = "/revocations"
            answer = self._client.get(path, limit=SNAPSHOT_LIMIT, seconds=SNAPSHOT_PATIENCE)
        else:
            wait = WAIT_WITHOUT_KEYS if self._keys_wanted else WAIT
            path = f"/revocations?after={after}&wait={wait}"
            try:
                answer = self._client.get(path, limit=EVENTS_LIMIT, seconds=wait + PATIENCE)
            except TooLarge:
                # More than events can be: a snapshot, since this guard is too far behind. It is asked for by itself.
                self.sequence = None
                raise
        _expect_ok(answer)
        try:
            told = read_feed(answer.body, after)
        except Malformed:
            self.sequence = None
            raise
        self._take_in(told, answer.received)

    def _take_in(self, told: FeedAnswer, received: float) -> None:
        self._verifier.revocations.apply(told.items)
        if told.permissions_changed:
            self._verifier.revocations.permissions_changed()
        self._keys_wanted |= told.keys_changed
        # Only now: who dies or forks before this asks for the same again.
        self.sequence = told.sequence
        if told.complete:
            self._verifier.confirm_fresh(received - told.age_ms / 1000)
        self.answers += 1
        self.snapshots += told.is_snapshot
        self.unknown_events += told.unknown
        if time.monotonic() - self._pruned_at >= PRUNE_EVERY:
            self._pruned_at = time.monotonic()
            self._verifier.prune(received)

    def _ask_keys(self) -> Optional[str]:
        """Keys known before stay until others are here. The revocations are followed meanwhile."""
        try:
            with self.fetching_keys:
                fetch_keys(self._client, self._verifier, PATIENCE)
        except (Unreachable, Malformed) as error:
            return f"{KEYS_PATH}: {error}"
        self._keys_wanted = False
        return None


def fetch_keys(client: Client, verifier: Verifier, seconds: float) -> None:
    """Fetches the key set and puts it in the place of the one before. The caller holds ``fetching_keys``."""
    answer = client.get(KEYS_PATH, limit=KEYS_LIMIT, seconds=seconds)
    _expect_ok(answer)
    verifier.replace_ed25519(read_keys(answer.body))


def _expect_ok(answer: Answer) -> None:
    if answer.status == 200:
        return
    advice = {
        401: "; the service key is not, or no longer, one of Doorward's",
        403: "; the service key lacks the scope",
        404: "; is this the address of a Doorward?",
    }.get(answer.status, "")
    raise Unreachable(f"Doorward answered with status {answer.status}{advice}")
