/* number_session.c - counters, headers and operations for sessions; see number_session.h. */

#include "stages/lib/number_session.h"

#include "fips/path/session_seal.h"
#include "stages/lib/words.h"

const struct mr_named mr_session_drops[] = {
	{ "no-session", .help = "the session is gone or has no key yet" },
	{ "key-used-up", .help = "the key has sealed all it may" },
	{ 0 }
};

/* One packet: headers, envelope, operation.  Returns the bytes that reports count. */
static uint32_t seal_one(struct mr_numberer *fs, const struct fips_session_entry *e,
                         uint64_t counter, struct mr_pkt *p, struct mr_aead_op *op, uint64_t now)
{
	const struct fips_envelope envelope = { .src = fs->mesh->me.addr, .dest = e->peer,
		                                .path_mtu = p->limit };
	struct fips_sealing s;

	if (p->mark == MR_SHAPE_IP)
		s = fips_session_seal_ip(e->send, fs->worker, counter, now, &envelope, p->data,
		                         p->len, op);
	else
		s = fips_session_seal_body(e->send, fs->worker, counter, now, &envelope, p->data,
		                           p->len, op);
	p->data = s.at;
	p->len = (uint32_t)s.len;
	return s.count;
}

static struct mr_session_target target_of(const struct mr_numberer *fs, uint64_t far)
{
	struct mr_session_target to = { .entry = mr_table_at(fs->mesh->sessions, far),
	                                .why = MR_SESSION_GONE };

	if (to.entry && (!to.entry->live || !to.entry->send))
		to.entry = NULL;
	return to;
}

/* Step 1: whose packets these are. */
static void find_sessions(const struct mr_numberer *fs, const struct mr_vector *v,
                          struct mr_session_batch *b)
{
	unsigned t = 0, known = 0;

	mr_targets_begin(&b->sessions);
	for (unsigned i = 0; i < v->n; i++) {
		uint64_t far = v->pkt[i]->far;

		if (i == 0 || far != b->sessions.handle[t])
			t = mr_target(&b->sessions, far);
		if (t == known)
			b->target[known++] = target_of(fs, far);
		b->target[t].n++;
		b->sessions.of[i] = (uint8_t)t;
	}
}

static void number(struct mr_session_batch *b)
{
	for (unsigned i = 0; i < b->sessions.n; i++) {
		struct mr_session_target *to = &b->target[i];

		if (to->entry && !fips_number(to->entry->send, to->n, &to->first)) {
			to->entry = NULL;
			to->why = MR_SESSION_KEY_USED_UP;
		}
		to->next = to->first;
	}
}

/* Step 2: headers and operations, in the order of the vector. */
static void write_ops(struct mr_numberer *fs, const struct mr_vector *v, struct mr_session_batch *b,
                      struct mr_turn *t)
{
	for (unsigned i = 0; i < v->n; i++) {
		struct mr_session_target *to = &b->target[b->sessions.of[i]];
		struct mr_pkt *p = v->pkt[i];

		if (!to->entry) {
			mr_drop(t, to->why, p);
			continue;
		}
		to->data |= p->mark == MR_SHAPE_IP || p->data[0] == FIPS_FSP_DATA;
		to->bytes += seal_one(fs, to->entry, to->next++, p, &b->op[b->n], t->now);
		p->mark = MR_SHAPE_DATAGRAM;
		b->sessions.of[b->n] = b->sessions.of[i];
		b->pkt[b->n++] = p;
	}
}

static void count_sent(const struct mr_numberer *fs, const struct mr_session_batch *b, uint64_t now)
{
	for (unsigned i = 0; i < b->sessions.n; i++) {
		const struct mr_session_target *to = &b->target[i];

		if (to->entry)
			fips_sent_run(to->entry->send, to->first, to->n, to->bytes,
			              fips_send_stamp(to->entry->send, now), to->data, fs->shared,
			              now);
	}
}

void mr_number_sessions(struct mr_numberer *fs, const struct mr_vector *v,
                        struct mr_session_batch *b, struct mr_turn *t)
{
	b->n = 0;
	find_sessions(fs, v, b);
	number(b);
	write_ops(fs, v, b, t);
	count_sent(fs, b, t->now);
}
