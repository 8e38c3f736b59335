/* node_bench.c - the node, its time, and its actions as words; see node_bench.h. */
#include "t/lib/node_bench.h"

#include <stdio.h>
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

const char *bench_without(const char *words, const char *left_out)
{
	static char out[16384];
	char copy[16384], padded[128], blanked[64];

	snprintf(copy, sizeof copy, "%s", words);
	snprintf(padded, sizeof padded, " %s ", left_out);
	out[0] = '\0';
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " ")) {
		snprintf(blanked, sizeof blanked, " %s ", w);
		if (!strstr(padded, blanked))
			strcat(strcat(out, out[0] ? " " : ""), w);
	}
	return out;
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
		                      .words = { link_words, session_words, b, forward_used,
		                                 overflows },
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
