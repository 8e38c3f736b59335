/* session_recv.c - slots, the order they are tried in, and what an accepted message changes. */
#include "fips/path/session_recv.h"

#include <assert.h>
#include <string.h>

#include "core/wire.h"

void fips_session_recv_init(struct fips_session_recv *recv)
{
	memset(recv, 0, sizeof *recv);
	fips_word_set(&recv->path_mtu, FIPS_PATH_MTU_UNKNOWN);
	fips_bucket_init(&recv->talk, FIPS_TALK_BURST, FIPS_TALK_RATE, 0);
}

static bool holds(const struct fips_session_recv *recv, const struct fips_recv_key *key)
{
	for (unsigned i = 0; i < FIPS_SESSION_KEYS; i++) {
		if (recv->slot[i] == key)
			return true;
	}
	return false;
}

void fips_session_install(struct fips_session_recv *recv, struct fips_recv_key *key, uint64_t now)
{
	if (holds(recv, key))
		return;
	if (recv->slot[FIPS_CURRENT] == NULL) {
		recv->slot[FIPS_CURRENT] = key;
		recv->promoted = now;
	} else {
		recv->slot[FIPS_PENDING] = key;
	}
}

/* Cut over (session.md 3.6).  A second cut-over pushes the previous key out. */
static void promote(struct fips_session_recv *recv, uint64_t now)
{
	recv->slot[FIPS_PREVIOUS] = recv->slot[FIPS_CURRENT];
	recv->slot[FIPS_CURRENT] = recv->slot[FIPS_PENDING];
	recv->slot[FIPS_PENDING] = NULL;
	recv->slot[FIPS_CURRENT]->received.quiet = now + FIPS_JITTER_GRACE;
	recv->promoted = now;
	recv->k ^= 1;
}

bool fips_session_promote(struct fips_session_recv *recv, uint64_t id, uint64_t now)
{
	if (recv->slot[FIPS_PENDING] == NULL || recv->slot[FIPS_PENDING]->id != id)
		return false;
	promote(recv, now);
	return true;
}

/* A current key with one before it: control gave it up before it heard of the promotion. */
static void demote(struct fips_session_recv *recv)
{
	recv->slot[FIPS_CURRENT] = recv->slot[FIPS_PREVIOUS];
	recv->slot[FIPS_PREVIOUS] = NULL;
	recv->k ^= 1;
}

void fips_session_retire(struct fips_session_recv *recv, uint64_t id)
{
	for (unsigned i = 0; i < FIPS_SESSION_KEYS; i++) {
		if (recv->slot[i] != NULL && recv->slot[i]->id == id)
			recv->slot[i] = NULL;
	}
	if (recv->slot[FIPS_CURRENT] == NULL && recv->slot[FIPS_PREVIOUS] != NULL)
		demote(recv);
}

/* The previous key, unless its time is over. */
static struct fips_recv_key *previous(const struct fips_session_recv *recv, uint64_t now)
{
	struct fips_recv_key *key = recv->slot[FIPS_PREVIOUS];

	if (key != NULL && fips_session_drained(recv->promoted, fips_word_get(&key->heard), now))
		return NULL;
	return key;
}

unsigned fips_session_candidates(const struct fips_session_recv *recv, unsigned k_flag,
                                 uint64_t counter, uint64_t now,
                                 struct fips_recv_key *out[FIPS_SESSION_KEYS],
                                 enum fips_replay *why)
{
	bool pending_first = (k_flag != 0) != (recv->k != 0);
	struct fips_recv_key *order[FIPS_SESSION_KEYS] = {
		recv->slot[pending_first ? FIPS_PENDING : FIPS_CURRENT],
		recv->slot[pending_first ? FIPS_CURRENT : FIPS_PENDING],
		previous(recv, now),
	};
	unsigned n = 0;

	*why = FIPS_REPLAY_FRESH;
	for (unsigned i = 0; i < FIPS_SESSION_KEYS; i++) {
		enum fips_replay verdict;

		if (order[i] == NULL)
			continue;
		verdict = fips_window_test(&order[i]->window, counter);
		if (verdict == FIPS_REPLAY_FRESH)
			out[n++] = order[i];
		else if (*why == FIPS_REPLAY_FRESH)
			*why = verdict;
	}
	return n;
}

struct fips_recv_key *fips_session_key(const struct fips_session_recv *recv, uint64_t id,
                                       uint64_t now)
{
	struct fips_recv_key *key[FIPS_SESSION_KEYS] = { recv->slot[FIPS_CURRENT],
		                                         recv->slot[FIPS_PENDING],
		                                         previous(recv, now) };

	for (unsigned i = 0; i < FIPS_SESSION_KEYS; i++) {
		if (key[i] != NULL && key[i]->id == id)
			return key[i];
	}
	return NULL;
}

void fips_session_open_op(const struct fips_recv_key *key, unsigned worker, uint8_t *message,
                          const struct fips_fsp_sealed *m, struct mr_aead_op *op)
{
	uint8_t *text = message + (m->sealed - message);

	assert(worker < key->nctx && key->ctx[worker]);
	*op = (struct mr_aead_op){
		.ctx = key->ctx[worker],
		.counter = m->counter,
		.aad = message,
		.aad_len = FIPS_FSP_HEAD,
		.src = { { text, (uint32_t)m->sealed_len }, { NULL, 0 } },
		.dst = text,
	};
}

/* The key's own part: its counter, its first frame, and the cut-over that may follow from it. */
static unsigned key_message(struct fips_session_recv *recv, struct fips_recv_key *key,
                            const struct fips_fsp_sealed *m, uint64_t now)
{
	unsigned what = 0;

	fips_window_commit(&key->window, m->counter);
	fips_word_set(&key->highest, key->window.highest);
	fips_word_set(&key->heard, now);
	if (!fips_word_get(&key->confirmed)) {
		fips_word_set(&key->confirmed,
		              FIPS_KEY_CONFIRMED | (m->flags & FIPS_FSP_K ? FIPS_KEY_K : 0u));
		what |= FIPS_CONFIRMED;
	}
	if (key == recv->slot[FIPS_PENDING]) {
		promote(recv, now);
		what |= FIPS_PROMOTED;
	}
	return what;
}

unsigned fips_session_accept(struct fips_session_recv *recv, struct fips_recv_key *key,
                             const struct fips_fsp_sealed *m, uint16_t path_mtu, bool ce,
                             uint64_t now)
{
	uint32_t size = (uint32_t)m->sealed_len - FIPS_TAG;
	struct fips_fsp_text text;
	unsigned what;

	if (fips_window_test(&key->window, m->counter) != FIPS_REPLAY_FRESH)
		return FIPS_REPLAYED;
	what = key_message(recv, key, m, now);
	fips_word_set(&recv->missed, 0);
	if (!fips_fsp_text_parse(m->sealed, size, &text))
		return what | FIPS_RUNT;

	if (key == recv->slot[FIPS_CURRENT])
		fips_received_frame(&key->received, m->counter, text.timestamp, size, ce, now);
	fips_word_add(&recv->frames, 1);
	fips_word_add(&recv->bytes, size);
	fips_word_set(&recv->heard, now);
	fips_word_set(&recv->path_mtu, path_mtu);
	if (text.type == FIPS_FSP_DATA && text.len >= FIPS_FSP_PORTS)
		fips_word_set(&recv->data_at, now);
	return what | FIPS_ACCEPTED;
}

void fips_session_missed(struct fips_session_recv *recv, uint64_t now)
{
	if (fips_word_get(&recv->missed) == 0)
		fips_word_set(&recv->missed_at, now);
	fips_word_add(&recv->missed, 1);
}
