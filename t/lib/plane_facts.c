/* plane_facts.c - words and reports of a made-up data plane; see plane_facts.h. */

#include "t/lib/plane_facts.h"

#include "core/clock.h"
#include "fips/path/snapshot.h"

static uint64_t ahead(uint64_t at)
{
	return at ? at + FACTS_AHEAD : 0;
}

void facts_link_words(struct fips_link_words *out, const struct fips_link_recv *recv,
                      const struct fips_send_key *send)
{
	out->heard = ahead(fips_word_get(&recv->heard));
	out->sent = fips_numbered(send);
	out->k = (uint8_t)fips_word_get(&recv->k_seen);
}

void facts_session_words(struct fips_session_words *out, const struct fips_session_recv *recv,
                         const struct fips_send_key *send, uint64_t data_at)
{
	const struct fips_recv_key *current = recv->slot[FIPS_CURRENT];
	const struct fips_recv_key *previous = recv->slot[FIPS_PREVIOUS];

	out->heard = ahead(fips_word_get(&recv->heard));
	out->previous_heard = previous ? ahead(fips_word_get(&previous->heard)) : 0;
	out->data_sent = ahead(data_at);
	out->data_heard = ahead(fips_word_get(&recv->data_at));
	out->sent = fips_numbered(send);
	out->current = current ? current->id : 0;
	out->path_mtu = (uint16_t)fips_word_get(&recv->path_mtu);
}

static void begin(struct facts_report *out, enum fips_input_kind kind,
                  const struct fips_action *act, struct fips_send_key *send)
{
	out->in = (struct fips_input){ .kind = kind, .peer = act->peer, .key = act->key };
	if (act->reports & FIPS_REPORT_SENDER && fips_sent_snapshot(send, &out->sender))
		out->in.sender = &out->sender;
}

const struct fips_input *facts_link_report(struct facts_report *out, const struct fips_action *act,
                                           struct fips_link_recv *recv, struct fips_send_key *send,
                                           struct fips_recv_key *key, uint64_t now)
{
	begin(out, FIPS_IN_LINK_SNAPSHOT, act, send);
	if (act->reports & FIPS_REPORT_RECEIVER &&
	    fips_link_snapshot(recv, key, now, &out->receiver))
		out->in.receiver = &out->receiver;
	return &out->in;
}

const struct fips_input *facts_session_report(struct facts_report *out,
                                              const struct fips_action *act,
                                              struct fips_session_recv *recv,
                                              struct fips_send_key *send, uint64_t now)
{
	begin(out, FIPS_IN_SESSION_SNAPSHOT, act, send);
	if (act->reports & FIPS_REPORT_RECEIVER && fips_session_snapshot(recv, now, &out->receiver))
		out->in.receiver = &out->receiver;
	return &out->in;
}
