#include "t/lib/node_bench.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "t/lib/small_curve.h"

/* --- words ------------------------------------------------------------------------------------ */

static const char *link_word(struct bench *b, const struct fips_action *act)
{
	const uint8_t *fsp = act->bytes + FIPS_DATAGRAM_HEAD;
	size_t n;

	switch (act->bytes[0]) {
	case FIPS_LINK_HEARTBEAT: return "heartbeat";
	case FIPS_LINK_DISCONNECT: return "bye";
	case FIPS_LINK_SENDER_REPORT: return "sr";
	case FIPS_LINK_RECEIVER_REPORT: return "rr";
	case FIPS_LINK_FILTER_ANNOUNCE:
		ck_assert_uint_eq(act->len, FIPS_FILTER_LEN);
		memcpy(b->filter.bytes, act->bytes, FIPS_FILTER_LEN);
		b->filter.to = act->peer;
		b->filter.announced = b->announced;
		b->filters++;
		return NULL;
	case FIPS_LINK_TREE_ANNOUNCE:
		memcpy(b->announce.bytes, act->bytes, b->announce.len = act->len);
		b->announce.to = act->peer;
		b->announced++;
		return NULL;
	case FIPS_LINK_LOOKUP_REQUEST: return "lookup";
	case FIPS_LINK_LOOKUP_RESPONSE: return "answer";
	case FIPS_LINK_DATAGRAM: break;
	default: return "?";
	}
	n = act->len - (size_t)FIPS_DATAGRAM_HEAD;
	switch (fips_fsp_check(fsp, n)) {
	case FIPS_FSP_SETUP:
		memcpy(b->setup.bytes, fsp, b->setup.len = n);
		return "setup";
	case FIPS_FSP_ACK:
		memcpy(b->ack.bytes, fsp, b->ack.len = n);
		return "ack";
	case FIPS_FSP_MSG3:
		memcpy(b->msg3.bytes, fsp, b->msg3.len = n);
		return "msg3";
	case FIPS_FSP_SIGNAL: return "signal";
	default: return "?";
	}
}

static const char *session_word(const struct fips_action *act)
{
	switch (act->bytes[0]) {
	case FIPS_FSP_SENDER_REPORT: return "s-sr";
	case FIPS_FSP_RECEIVER_REPORT: return "s-rr";
	case FIPS_FSP_PATH_MTU: return "mtu";
	case FIPS_FSP_COORDS_WARMUP: return "warmup";
	default: return "?";
	}
}

static const char *raw_word(struct bench *b, const struct fips_action *act)
{
	if (fips_frame_check(act->bytes, act->len) == FIPS_FRAME_MSG1) {
		memcpy(b->msg1, act->bytes, FIPS_MSG1_LEN);
		return "msg1";
	}
	ck_assert_int_eq(fips_frame_check(act->bytes, act->len), FIPS_FRAME_MSG2);
	memcpy(b->msg2, act->bytes, FIPS_MSG2_LEN);
	return "msg2";
}

static const char *word(struct bench *b, const struct fips_action *act)
{
	switch (act->kind) {
	case FIPS_ACT_SEND_RAW: return raw_word(b, act);
	case FIPS_ACT_SEND_LINK: return link_word(b, act);
	case FIPS_ACT_SEND_SESSION: return session_word(act);
	case FIPS_ACT_INSTALL_LINK: b->link_key = act->key; return "install";
	case FIPS_ACT_INSTALL_SESSION:
		b->session_key = act->key;
		return act->pending ? "install-pending" : "install-current";
	case FIPS_ACT_USE_LINK: return "use";
	case FIPS_ACT_RETIRE_LINK_KEY: return "retire";
	case FIPS_ACT_EXPECT_INDEX: return "expect";
	case FIPS_ACT_FORGET_INDEX: return "forget";
	case FIPS_ACT_RETIRE_SESSION_KEY: return "retire-session";
	case FIPS_ACT_LOG:
		b->warned += act->level == FIPS_LOG_WARN;
		return NULL;
	case FIPS_ACT_LINK_PROVEN:
	case FIPS_ACT_ASK_LINK_REPORT:
	case FIPS_ACT_ASK_SESSION_REPORT: return NULL;
	default: return fips_action_name(act->kind);
	}
}

static void drain(struct bench *b)
{
	struct fips_action *act;

	b->pushed = b->actions.n;
	while ((act = fips_actions_head(&b->actions))) {
		const char *w = word(b, act);

		if (b->see)
			b->see(b->see_self, act);
		if (act->kind != FIPS_ACT_SEND_LINK || w)
			b->last[act->kind] = *act;
		if (w) {
			ck_assert_uint_lt(strlen(b->words) + strlen(w) + 2, sizeof b->words);
			if (b->words[0])
				strcat(b->words, " ");
			strcat(b->words, w);
		}
		fips_actions_pop(&b->actions);
	}
}

static void think(struct bench *b, const struct fips_input *in)
{
	uint64_t ops = fips_node_curve_ops(b->node);

	if (b->alive)
		b->link_words.heard = b->now;
	if (b->alive && !b->mute)
		b->session_words.heard = b->now;
	if (b->data)
		b->session_words.data_sent = b->session_words.data_heard = b->now;
	fips_node_handle(b->node, in, b->now, &b->actions);
	/* R15 */
	ck_always(fips_node_curve_ops(b->node) - ops <= FIPS_NODE_CURVE_OPS);
	ck_always(fips_node_deadline(b->node) == fips_node_deadline_by_looking(b->node));
	drain(b);
}

const char *bench_feed(struct bench *b, const struct fips_input *in)
{
	b->words[0] = '\0';
	think(b, in);
	return b->words;
}

const char *bench_wait(struct bench *b, uint64_t ns)
{
	struct fips_input timer = { .kind = FIPS_IN_TIMER };
	uint64_t end = b->now + ns;
	unsigned spins = 0;

	b->words[0] = '\0';
	while (fips_node_deadline(b->node) <= end) {
		uint64_t due = fips_node_deadline(b->node);

		spins = due > b->now ? 0 : spins + 1;
		ck_assert_msg(spins < 256, "the deadline stays in the past");
		if (due > b->now)
			b->now = due;
		think(b, &timer);
	}
	b->now = end;
	return b->words;
}

void bench_want(const char *file, int line, const char *wanted, const char *got)
{
	if (strcmp(wanted, got) != 0)
		ck_abort_msg("%s:%d\n  want: %s\n   got: %s", file, line, wanted, got);
}

/* --- the bench -------------------------------------------------------------------------------- */

static bool link_words(void *self, const struct fips_addr *peer, struct fips_link_words *out)
{
	(void)peer;
	*out = ((struct bench *)self)->link_words;
	return true;
}

static bool session_words(void *self, const struct fips_addr *peer, struct fips_session_words *out)
{
	(void)peer;
	*out = ((struct bench *)self)->session_words;
	return true;
}

static uint64_t forward_used(void *self, const struct fips_addr *dest)
{
	(void)dest;
	return ((struct bench *)self)->forward_used;
}

static uint64_t overflows(void *self)
{
	return ((struct bench *)self)->overflows;
}

struct fips_via bench_via(unsigned who)
{
	return world_via(who, 0);
}

struct bench *bench_open(unsigned me, unsigned peers, const struct fips_node_config *given)
{
	struct fips_node_config config = given ? *given : fips_node_config_default();
	struct fips_peer_config list[8] = { 0 };
	struct fips_input start = { .kind = FIPS_IN_START };
	struct bench *b = calloc(1, sizeof *b);
	struct fips_node_env env;
	const char *why;

	ck_assert_ptr_nonnull(b);
	if (!given)
		config.limits.sessions = 32;
	for (unsigned i = 0; i < peers; i++) {
		struct fips_identity id = world_identity(me + 1 + i);

		memcpy(list[i].pub, id.pub, FIPS_PUB_LEN);
		list[i].addr = id.addr;
		list[i].auto_connect = list[i].auto_reconnect = true;
		list[i].n_vias = 1;
		list[i].vias[0] = bench_via(me + 1 + i);
	}
	b->me = world_identity(me);
	b->curve = small_curve();
	b->rand.seed = me;
	b->now = SECONDS(5000);
	config.me = &b->me;
	if (config.n_peers == 0) {
		config.peers = list;
		config.n_peers = peers;
	}
	env = (struct fips_node_env){ .curve = b->curve, .rand = mr_rand_seeded(&b->rand),
		                      .words = { link_words, session_words, b, forward_used, overflows },
		                      .unix_ms = world_unix_ms, .self = &b->now };
	why = fips_node_open(&b->node, &config, &env);
	ck_assert_msg(!why, "%s", why);
	ck_assert(fips_actions_open(&b->actions, FIPS_ACTIONS_TURN));
	want("", bench_feed(b, &start));
	return b;
}

void bench_close(struct bench *b)
{
	fips_node_close(b->node);
	fips_actions_close(&b->actions);
	free(b);
}

uint64_t bench_count(const struct bench *b, enum fips_node_count count)
{
	return fips_node_counts(b->node)[count];
}

/* --- link puppets ----------------------------------------------------------------------------- */

static void secret(unsigned number, uint8_t out[FIPS_SECRET_LEN])
{
	memset(out, 0, FIPS_SECRET_LEN);
	out[0] = 0x5e;
	out[31] = (uint8_t)number;
	out[30] = (uint8_t)(number >> 8);
}

static void epoch(const struct puppet *p, uint8_t out[FIPS_EPOCH_LEN])
{
	memset(out, (int)p->epoch, FIPS_EPOCH_LEN);
	out[7] = (uint8_t)p->who;
}

/* The puppet's handshake with its message 1 written. */
static void caller(struct bench *b, const struct puppet *p, const struct fips_identity *id,
                   struct fips_ik *ik, uint8_t noise[FIPS_IK_MSG1])
{
	uint8_t e[FIPS_SECRET_LEN], life[FIPS_EPOCH_LEN];

	secret(p->ephemeral, e);
	epoch(p, life);
	fips_ik_init_initiator(ik, &b->curve, id, b->me.pub, e, life);
	ck_always(fips_ik_write1(ik, noise));
}

void bench_msg1_bytes(struct bench *b, const struct puppet *p, uint8_t out[FIPS_MSG1_LEN])
{
	struct fips_identity id = world_identity(p->who);
	struct fips_msg1 msg = { .sender_idx = p->index, .noise = out + 8 };
	struct fips_ik ik;

	caller(b, p, &id, &ik, out + 8);
	fips_msg1_build(out, &msg);
}

const char *bench_raw(struct bench *b, const struct puppet *p, const uint8_t *bytes, size_t n)
{
	struct fips_input in = { .kind = FIPS_IN_HANDSHAKE, .bytes = bytes, .len = n,
		                 .via = bench_via(p->from ? p->from : p->who) };

	return bench_feed(b, &in);
}

const char *bench_msg1(struct bench *b, const struct puppet *p)
{
	uint8_t bytes[FIPS_MSG1_LEN];

	bench_msg1_bytes(b, p, bytes);
	return bench_raw(b, p, bytes, sizeof bytes);
}

const char *bench_msg2(struct bench *b, const struct puppet *p)
{
	struct fips_identity id = world_identity(p->who);
	uint8_t e[FIPS_SECRET_LEN], life[FIPS_EPOCH_LEN], bytes[FIPS_MSG2_LEN];
	struct fips_msg2 msg2 = { .sender_idx = p->index, .noise = bytes + 12 };
	struct fips_msg1 msg1;
	struct fips_ik ik;

	fips_msg1_parse(b->msg1, &msg1);
	secret(p->ephemeral, e);
	epoch(p, life);
	fips_ik_init_responder(&ik, &b->curve, &id, e, life);
	ck_assert(fips_ik_read1(&ik, msg1.noise));
	ck_assert(fips_ik_write2(&ik, bytes + 12));
	msg2.receiver_idx = msg1.sender_idx;
	fips_msg2_build(bytes, &msg2);
	return bench_raw(b, p, bytes, sizeof bytes);
}

void bench_check_link(struct bench *b, const struct puppet *p)
{
	const struct fips_action *install = &b->last[FIPS_ACT_INSTALL_LINK];
	struct fips_identity id = world_identity(p->who);
	uint8_t noise[FIPS_IK_MSG1], send[32], recv[32];
	struct fips_msg2 msg2;
	struct fips_ik ik;

	caller(b, p, &id, &ik, noise);
	fips_msg2_parse(b->msg2, &msg2);
	ck_assert_uint_eq(msg2.receiver_idx, p->index);
	ck_assert_uint_eq(install->theirs, p->index);
	ck_assert_uint_eq(install->ours, msg2.sender_idx);
	ck_assert(fips_ik_read2(&ik, msg2.noise));
	fips_ik_split(&ik, send, recv);
	ck_assert_mem_eq(send, install->recv_key, 32);
	ck_assert_mem_eq(recv, install->send_key, 32);
}

const char *bench_confirm(struct bench *b, unsigned who, uint64_t key, uint8_t k)
{
	struct fips_input in = { .kind = FIPS_IN_CONFIRMED_LINK, .peer = world_identity(who).addr,
		                 .key = key, .k = k };

	return bench_feed(b, &in);
}

const char *bench_message(struct bench *b, unsigned who, const uint8_t *bytes, size_t n)
{
	struct fips_input in = { .kind = FIPS_IN_LINK_MESSAGE, .peer = world_identity(who).addr,
		                 .key = b->link_key, .bytes = bytes, .len = n, .rx = b->now };

	return bench_feed(b, &in);
}

void bench_link(struct bench *b, unsigned who)
{
	struct puppet p = { .who = who, .epoch = 1, .ephemeral = 100 + who, .index = 1000 + who };

	b->alive = true;
	want("install msg2 use", bench_msg1(b, &p));
	want("heartbeat", bench_confirm(b, who, b->link_key, 0));
	bench_wait(b, SECONDS(1));
}

/* --- session puppets -------------------------------------------------------------------------- */

const char *bench_datagram(struct bench *b, const struct puppet *p, const uint8_t *fsp, size_t n)
{
	uint8_t bytes[2100];
	struct fips_datagram d = { .ttl = 64, .path_mtu = 1280, .src = world_identity(p->who).addr,
		                   .dest = b->me.addr };
	struct fips_input in = { .kind = FIPS_IN_DATAGRAM, .bytes = bytes,
		                 .len = FIPS_DATAGRAM_HEAD + n,
		                 .peer = world_identity(p->from ? p->from : p->who).addr };

	fips_datagram_build(bytes, &d);
	memcpy(bytes + FIPS_DATAGRAM_HEAD, fsp, n);
	return bench_feed(b, &in);
}

static void starter(struct bench *b, const struct puppet *p, const struct fips_identity *id,
                    struct fips_xk *xk, uint8_t noise[FIPS_XK_MSG1])
{
	uint8_t e[FIPS_SECRET_LEN], life[FIPS_EPOCH_LEN];

	secret(p->ephemeral, e);
	epoch(p, life);
	fips_xk_init_initiator(xk, &b->curve, id, b->me.pub, e, life);
	ck_assert(fips_xk_write1(xk, noise));
}

/* Coordinates that the puppet gives: n of them. */
static unsigned place(const struct bench *b, const struct puppet *p, struct fips_addr list[3])
{
	list[0] = world_identity(p->who).addr;
	list[1] = world_identity(p->below).addr;
	list[2] = b->me.addr;
	return p->below ? 3 : 1;
}

const char *bench_setup(struct bench *b, const struct puppet *p)
{
	struct fips_identity id = world_identity(p->who);
	uint8_t noise[FIPS_XK_MSG1], fsp[200];
	struct fips_addr list[3];
	struct fips_coords us = fips_coords_of(list, place(b, p, list));
	struct fips_fsp_setup msg = { .src = us, .dest = us, .noise = noise };
	struct fips_xk xk;

	starter(b, p, &id, &xk, noise);
	return bench_datagram(b, p, fsp, fips_fsp_setup_build(fsp, sizeof fsp, &msg));
}

const char *bench_ack(struct bench *b, const struct puppet *p)
{
	struct fips_identity id = world_identity(p->who);
	uint8_t noise[FIPS_XK_MSG2], e[FIPS_SECRET_LEN], life[FIPS_EPOCH_LEN];
	struct fips_fsp_setup setup, ack = { .noise = noise };
	struct fips_addr list[3];
	struct fips_xk xk;

	ck_assert(fips_fsp_setup_parse(b->setup.bytes, b->setup.len, &setup));
	secret(p->ephemeral, e);
	epoch(p, life);
	fips_xk_init_responder(&xk, &b->curve, &id, e, life);
	ck_assert(fips_xk_read1(&xk, setup.noise));
	ck_assert(fips_xk_write2(&xk, noise));
	ack.src = fips_coords_of(list, place(b, p, list));
	ack.dest = setup.src;
	b->acked.len = fips_fsp_ack_build(b->acked.bytes, sizeof b->acked.bytes, &ack);
	return bench_datagram(b, p, b->acked.bytes, b->acked.len);
}

const char *bench_msg3(struct bench *b, const struct puppet *p)
{
	struct fips_identity id = world_identity(p->who);
	uint8_t noise1[FIPS_XK_MSG1], noise3[FIPS_XK_MSG3], fsp[FIPS_FSP_MSG3_LEN];
	struct fips_fsp_setup ack;
	struct fips_xk xk;

	ck_assert(fips_fsp_ack_parse(b->ack.bytes, b->ack.len, &ack));
	starter(b, p, &id, &xk, noise1);
	ck_assert(fips_xk_read2(&xk, ack.noise));
	ck_assert(fips_xk_write3(&xk, noise3));
	fips_fsp_msg3_build(fsp, noise3);
	return bench_datagram(b, p, fsp, sizeof fsp);
}

const char *bench_confirm_session(struct bench *b, unsigned who, uint64_t key)
{
	struct fips_input in = { .kind = FIPS_IN_CONFIRMED_SESSION, .key = key,
		                 .peer = world_identity(who).addr };

	return bench_feed(b, &in);
}

const char *bench_resolve(struct bench *b, unsigned who)
{
	struct fips_input in = { .kind = FIPS_IN_RESOLVE, .peer = world_identity(who).addr };

	in.peer.b[15] = 0;
	return bench_feed(b, &in);
}
