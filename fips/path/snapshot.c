/* snapshot.c - reports from the figures of a key and the totals of its link or session. */
#include "fips/path/snapshot.h"

bool fips_link_snapshot(struct fips_link_recv *recv, struct fips_recv_key *key, uint64_t now,
                        struct fips_receiver_report *out)
{
	if (!fips_received_report(&key->received, now, out))
		return false;
	out->frames = fips_word_get(&recv->frames);
	out->bytes = fips_word_get(&recv->bytes);
	return true;
}

bool fips_session_snapshot(struct fips_session_recv *recv, uint64_t now,
                           struct fips_receiver_report *out)
{
	struct fips_recv_key *key = recv->slot[FIPS_CURRENT];

	if (key == NULL || !fips_received_report(&key->received, now, out))
		return false;
	out->frames = fips_word_get(&recv->frames);
	out->bytes = fips_word_get(&recv->bytes);
	return true;
}

/* The next interval begins where this one ends: with several that seal, whichever of them counts
 * first. */
bool fips_sent_snapshot(struct fips_send_key *key, struct fips_sender_report *out)
{
	struct fips_sent *s = &key->sent;
	uint64_t bytes;

	if (atomic_exchange_explicit(&s->interval_packets, 0, memory_order_acquire) == 0)
		return false;
	bytes = atomic_exchange_explicit(&s->interval_bytes, 0, memory_order_relaxed);
	*out = (struct fips_sender_report){
		.first = fips_word_get(&s->first),
		.last = fips_word_get(&s->last),
		.first_timestamp = atomic_load_explicit(&s->first_stamp, memory_order_relaxed),
		.last_timestamp = atomic_load_explicit(&s->last_stamp, memory_order_relaxed),
		.interval_bytes = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes,
		.frames = fips_word_get(&s->packets),
		.bytes = fips_word_get(&s->bytes),
	};
	fips_word_set(&s->first, out->last + 1);
	return true;
}
