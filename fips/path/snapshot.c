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

bool fips_sent_snapshot(struct fips_send_key *key, struct fips_sender_report *out)
{
	struct fips_sent *s = &key->sent;

	if (s->interval_packets == 0)
		return false;
	*out = (struct fips_sender_report){
		.first = s->first,
		.last = s->last,
		.first_timestamp = s->first_stamp,
		.last_timestamp = s->last_stamp,
		.interval_bytes = s->interval_bytes,
		.frames = fips_word_get(&s->packets),
		.bytes = fips_word_get(&s->bytes),
	};
	s->interval_packets = s->interval_bytes = 0;
	return true;
}
