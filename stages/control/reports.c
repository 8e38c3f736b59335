/* reports.c - figures that belong to stages: asked for by orders, read from words.
 *
 * A report is up to two orders, one to the stage that opens and one to the stage that seals; when
 * all are acknowledged the node is told at once.  Totals of what was sent are kept a key, so those
 * of the relation's other keys are added here. */

#include <stdlib.h>

#include "stages/control/state.h"

/* ---- words ---- */

static bool link_words(void *self, const struct fips_addr *peer, struct fips_link_words *out)
{
	const struct relation *r = mr_relation_find(self, true, peer);

	if (!r)
		return false;
	*out = (struct fips_link_words){
		.heard = fips_word_get(&r->recv.link.heard),
		.sent = r->using ? fips_numbered(&r->using->send) : 0,
		.k = (uint8_t)fips_word_get(&r->recv.link.k_seen),
	};
	return true;
}

/* The node's current key is the newest that is no mere offer: the first one, or one that a message
 * came under.  Those before it are on their way out. */
static uint64_t current_id(const struct relation *r)
{
	uint64_t id = 0;

	for (const struct control_key *key = r->keys; key; key = key->next) {
		bool current = !key->pending || fips_word_get(&key->recv.confirmed);

		if (!key->retired && current && key->send.id > id)
			id = key->send.id;
	}
	return id;
}

static void raise_to(uint64_t *at, uint64_t v)
{
	if (v > *at)
		*at = v;
}

static bool session_words(void *self, const struct fips_addr *peer, struct fips_session_words *out)
{
	const struct relation *r = mr_relation_find(self, false, peer);
	const struct fips_session_recv *recv;
	uint64_t current;

	if (!r)
		return false;
	recv = &r->recv.session;
	current = current_id(r);
	*out = (struct fips_session_words){
		.heard = fips_word_get(&recv->heard),
		.data_sent = r->data_at,
		.data_heard = fips_word_get(&recv->data_at),
		.sent = r->using ? fips_numbered(&r->using->send) : 0,
		.current = current,
	};
	if (fips_word_get(&recv->frames))
		out->path_mtu = (uint16_t)fips_word_get(&recv->path_mtu);
	for (const struct control_key *key = r->keys; key; key = key->next) {
		raise_to(&out->data_sent, fips_word_get(&key->send.sent.data_at));
		if (key->send.id < current)
			raise_to(&out->previous_heard, fips_word_get(&key->recv.heard));
	}
	return true;
}

static uint64_t forward_used(void *self, const struct fips_addr *dest)
{
	const struct control *c = self;
	const struct fips_forward_entry *e = mr_table_find(c->mesh->forwards, dest->b);

	return e ? fips_word_get(e->used) : 0;
}

static uint64_t overflows(void *self)
{
	const struct control *c = self;

	return atomic_load_explicit(&c->udp->overflows, memory_order_relaxed) +
	       atomic_load_explicit(&c->transports.ether->overflows, memory_order_relaxed);
}

struct fips_words mr_control_words(struct control *c)
{
	return (struct fips_words){ .link = link_words, .session = session_words,
		                    .forward = forward_used, .overflows = overflows, .self = c };
}

/* ---- reports ---- */

static struct control_report *find(struct control *c, const struct mr_order *order)
{
	struct control_report *report = c->reports;

	while (&report->sender.order != order && &report->receiver.order != order)
		report = report->next;
	return report;
}

static void done(struct mr_order *order, void *host, struct mr_turn *t)
{
	struct control_report *report = find(host, order);

	if (order == &report->sender.order)
		report->waits &= FIPS_REPORT_RECEIVER;
	else
		report->waits &= FIPS_REPORT_SENDER;
	mr_control_go_on(host, t);
}

/* False: the graph has no such stage. */
static bool ask(const struct control *c, struct control_report *report,
                struct mr_fips_snapshot *snapshot, uint8_t bit, const char *stage,
                struct mr_turn *t)
{
	uint64_t owner = mr_control_owner(c, report->relation->peer.b);

	snapshot->order.done = done;
	if (!mr_order_send_to(t, stage, mr_handle_hash(owner), &snapshot->order))
		return false;
	mr_count(t, COUNT_ORDERS, 1);
	report->asked |= bit;
	report->waits |= bit;
	return true;
}

/* Whoever numbers counts what was sent. */
static void ask_sender(const struct control *c, struct control_report *report, bool link,
                       struct mr_turn *t)
{
	if (!ask(c, report, &report->sender, FIPS_REPORT_SENDER, link ? "fmp-seal" : "fsp-seal", t))
		ask(c, report, &report->sender, FIPS_REPORT_SENDER,
		    link ? "fmp-number" : "fsp-number", t);
}

void mr_control_ask_report(struct control *c, const struct fips_action *a, struct mr_turn *t)
{
	struct control_key *key = mr_control_key(c, a->key);
	struct control_report *report;
	struct relation *r;

	if (!key)
		return;
	r = key->of;
	report = mr_control_memory(sizeof *report);
	report->relation = r;
	report->key = key;
	r->orders++;
	key->orders++;
	*c->reports_end = report;
	c->reports_end = &report->next;
	report->sender.order.kind = MR_ORD_SENT_REPORT;
	report->sender.order.p = &key->send;
	report->receiver.order.kind = r->link ? MR_ORD_LINK_REPORT : MR_ORD_SESSION_REPORT;
	report->receiver.order.p = &r->recv;
	report->receiver.order.q = &key->recv;
	if (a->reports & FIPS_REPORT_SENDER)
		ask_sender(c, report, r->link, t);
	if (a->reports & FIPS_REPORT_RECEIVER)
		ask(c, report, &report->receiver, FIPS_REPORT_RECEIVER,
		    r->link ? "fmp-open" : "fsp-open", t);
}

static void add_totals(struct fips_sender_report *s, const struct relation *r,
                       const struct control_key *but)
{
	uint64_t frames = s->frames + r->frames, bytes = s->bytes + r->bytes;

	for (const struct control_key *key = r->keys; key; key = key->next) {
		if (key == but)
			continue;
		frames += fips_word_get(&key->send.sent.packets);
		bytes += fips_word_get(&key->send.sent.bytes);
	}
	s->frames = frames;
	s->bytes = bytes;
}

static void tell(struct control *c, struct control_report *report, struct mr_turn *t)
{
	const struct relation *r = report->relation;
	bool sender = (report->asked & FIPS_REPORT_SENDER) && report->sender.due;
	bool receiver = (report->asked & FIPS_REPORT_RECEIVER) && report->receiver.due;

	if (sender)
		add_totals(&report->sender.sender, r, report->key);
	mr_control_tell(c, &(struct fips_input){
		.kind = r->link ? FIPS_IN_LINK_SNAPSHOT : FIPS_IN_SESSION_SNAPSHOT,
		.peer = r->peer,
		.key = report->key->send.id,
		.sender = sender ? &report->sender.sender : NULL,
		.receiver = receiver ? &report->receiver.receiver : NULL,
	}, t);
}

bool mr_control_report_tell(struct control *c, struct mr_turn *t)
{
	struct control_report **at = &c->reports, *report;

	while (*at && (*at)->waits)
		at = &(*at)->next;
	report = *at;
	if (!report)
		return false;
	*at = report->next;
	if (!*at)
		c->reports_end = at;
	if (!report->relation->gone)
		tell(c, report, t);
	mr_control_release(c, report->relation, report->key, t);
	free(report);
	return true;
}

void mr_control_reports_close(struct control *c)
{
	while (c->reports) {
		struct control_report *report = c->reports;

		c->reports = report->next;
		free(report);
	}
}
