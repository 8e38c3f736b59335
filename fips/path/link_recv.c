/* link_recv.c - steps 4 and 5 of receiving on a link, and where the peer is. */
#include "fips/path/link_recv.h"

#include <assert.h>
#include <string.h>

#include "core/wire.h"

/* The address changes under an odd `moves`, so that a reader on another thread notices a half
 * written one: a reader that sees one new word (acquire) also sees the odd count written before it
 * (release). */
static void via_store(struct fips_link_recv *recv, const struct fips_via *via)
{
	uint64_t word[4], moves = fips_word_get(&recv->moves);

	memcpy(word, via, sizeof word);
	fips_word_set(&recv->moves, moves + 1);
	for (unsigned i = 0; i < 4; i++)
		atomic_store_explicit(&recv->via[i], word[i], memory_order_release);
	atomic_store_explicit(&recv->moves, moves + 2, memory_order_release);
}

static bool via_same(const struct fips_link_recv *recv, const struct fips_via *via)
{
	uint64_t word[4], differ = 0;

	memcpy(word, via, sizeof word);
	for (unsigned i = 0; i < 4; i++)
		differ |= word[i] ^ fips_word_get(&recv->via[i]);
	return differ == 0;
}

bool fips_link_via(const struct fips_link_recv *recv, struct fips_via *via, uint64_t *moves)
{
	uint64_t word[4], before, after;

	before = atomic_load_explicit(&recv->moves, memory_order_acquire);
	for (unsigned i = 0; i < 4; i++)
		word[i] = atomic_load_explicit(&recv->via[i], memory_order_acquire);
	after = fips_word_get(&recv->moves);
	if (before != after || before % 2)
		return false;
	memcpy(via, word, sizeof word);
	*moves = before;
	return true;
}

void fips_link_recv_init(struct fips_link_recv *recv, const struct fips_via *via)
{
	memset(recv, 0, sizeof *recv);
	fips_bucket_init(&recv->talk, FIPS_TALK_BURST, FIPS_TALK_RATE, 0);
	fips_bucket_init(&recv->brought, FIPS_TALK_BURST, FIPS_TALK_RATE, 0);
	via_store(recv, via);
}

void fips_link_move(struct fips_link_recv *recv, const struct fips_via *via)
{
	if (!via_same(recv, via))
		via_store(recv, via);
}

void fips_link_open_op(const struct fips_recv_key *key, unsigned worker, uint8_t *frame,
                       const struct fips_link_head *head, struct mr_aead_op *op)
{
	uint8_t *text = frame + FIPS_LINK_HEAD;

	assert(worker < key->nctx && key->ctx[worker]);
	*op = (struct mr_aead_op){
		.ctx = key->ctx[worker],
		.counter = head->counter,
		.aad = frame,
		.aad_len = FIPS_LINK_HEAD,
		.src = { { text, (uint32_t)head->payload_len + FIPS_TAG }, { NULL, 0 } },
		.dst = text,
	};
}

/* The key's own part: its counter, and whether this is its first frame. */
static unsigned key_frame(struct fips_link_recv *recv, struct fips_recv_key *key,
                          const struct fips_link_head *head, uint64_t now)
{
	fips_window_commit(&key->window, head->counter);
	fips_word_set(&key->highest, key->window.highest);
	fips_word_set(&key->heard, now);
	if (fips_word_get(&key->confirmed))
		return 0;
	fips_word_set(&key->confirmed,
	              FIPS_KEY_CONFIRMED | (head->flags & FIPS_LINK_K ? FIPS_KEY_K : 0u));
	if (recv->sending != 0 && recv->sending != key->id)
		key->received.quiet = now + FIPS_JITTER_GRACE;
	return FIPS_CONFIRMED;
}

unsigned fips_link_accept(struct fips_link_recv *recv, struct fips_recv_key *key,
                          const struct fips_link_head *head, const uint8_t *text, uint64_t now,
                          const struct fips_via *via)
{
	uint32_t size = (uint32_t)head->payload_len + FIPS_LINK_MIN;
	unsigned what;

	if (fips_window_test(&key->window, head->counter) != FIPS_REPLAY_FRESH)
		return FIPS_REPLAYED;
	what = key_frame(recv, key, head, now);
	if (head->payload_len <= FIPS_LINK_STAMP)
		return what | FIPS_RUNT;

	fips_received_frame(&key->received, head->counter, mr_le32(text), size,
	                    head->flags & FIPS_LINK_CE, now);
	fips_word_add(&recv->frames, 1);
	fips_word_add(&recv->bytes, size);
	fips_word_set(&recv->heard, now);
	if (key->id == recv->sending && head->counter == key->window.highest) {
		fips_word_set(&recv->k_seen, head->flags & FIPS_LINK_K ? 1 : 0);
		if (!via_same(recv, via)) {
			via_store(recv, via);
			what |= FIPS_ROAMED;
		}
	}
	return what | FIPS_ACCEPTED;
}

void fips_link_promote(struct fips_link_recv *recv, struct fips_recv_key *key, uint64_t id,
                       uint64_t now)
{
	if (recv->sending == id)
		return;
	if (key != NULL && recv->sending != 0 && key->received.quiet == 0)
		key->received.quiet = now + FIPS_JITTER_GRACE;
	recv->sending = id;
}
