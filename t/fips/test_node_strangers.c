/* test_node_strangers.c - sessions with nodes that are no peers: answered, begun, routed by the
 * mesh, limited, and begun again when they are broken (session.md 2.3, 3.2, 3.3, 3.12, 5.2).
 *
 *     ME, the root --- HOP, a child of ours --- strangers */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "fips/node/mesh.h"
#include "fips/wire/tree.h"
#include "t/lib/node_bench.h"

enum { ME = 10, HOP, OTHER, FAR, MORE = 20 }; /* ME has the smallest address of them */

/* HOP announces that it is below us, or below a child of ours. */
static void declare(struct bench *b, uint64_t sequence, unsigned parent)
{
	const unsigned path[] = { HOP, parent, ME };
	unsigned n = parent == ME ? 2 : 3;
	uint8_t entries[3 * FIPS_TREE_ENTRY] = { 0 }, sig[FIPS_SIG_LEN], aux[32] = { 0 };
	struct fips_identity hop = world_identity(HOP);
	struct fips_tree_announce a = { .entries = entries, .signature = sig, .n = n };
	uint8_t bytes[FIPS_TREE_LEN(3)];

	for (unsigned i = 0; i < n; i++)
		memcpy(entries + i * FIPS_TREE_ENTRY, world_identity(path[i]).addr.b,
		       FIPS_ADDR_LEN);
	a.says = (struct fips_declaration){ .node = hop.addr, .sequence = sequence,
		                            .parent = world_identity(parent).addr };
	ck_assert(fips_declaration_sign(&a.says, &b->curve, &hop, aux, sig));
	want("", bench_message(b, HOP, bytes, fips_tree_announce_build(bytes, sizeof bytes, &a)));
}

/* Room for `others` sessions with strangers. */
static struct fips_node_config config_for(unsigned others)
{
	struct fips_node_config config = fips_node_config_default();

	config.link_mmp = config.session_mmp = FIPS_MMP_MINIMAL;
	config.max_peers = 8;
	config.limits.sessions = others;
	config.limits.setups = (struct fips_rate){ 1000, 1000000 };
	return config;
}

static struct bench *open_with(const struct fips_node_config *config)
{
	struct bench *b = bench_open(ME, 0, config);

	bench_link(b, OTHER);
	bench_link(b, HOP);
	declare(b, 1, ME);
	bench_wait(b, SECONDS(2));
	return b;
}

static struct bench *open_for(unsigned others)
{
	struct fips_node_config config = config_for(others);

	return open_with(&config);
}

static void known(struct bench *b, unsigned who)
{
	struct fips_identity id = world_identity(who);

	want("", bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_KNOWN, .bytes = id.pub,
	                                             .len = FIPS_PUB_LEN }));
}

/* Something that passed by said that `who` is below HOP. */
static void seen(struct bench *b, unsigned who)
{
	struct fips_addr list[] = { world_identity(who).addr, world_identity(HOP).addr,
		                    b->me.addr };
	uint8_t bytes[FIPS_COORDS_LEN(3)] = { 3 };

	memcpy(bytes + 2, list, sizeof list);
	want("", bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_LEARNED, .peer = list[0],
	                                             .bytes = bytes, .len = sizeof bytes }));
}

static const char *stray(struct bench *b, unsigned who, enum fips_input_kind kind)
{
	return bench_feed(b,
	                  &(struct fips_input){ .kind = kind, .peer = world_identity(who).addr });
}

static struct puppet stranger(unsigned who)
{
	return (struct puppet){ .who = who, .epoch = 1, .ephemeral = who,
	                        .from = HOP, .below = HOP };
}

static void answered(struct bench *b, unsigned who)
{
	struct puppet p = stranger(who);

	want("expect-session ack", bench_setup(b, &p));
	want("install-current use-session route warmup", bench_msg3(b, &p));
	want("", bench_confirm_session(b, who, b->session_key));
}

static void list_is(const struct fips_coords *list, unsigned n, const unsigned *who)
{
	ck_assert_uint_eq(list->count, n);
	for (unsigned i = 0; i < n; i++) {
		struct fips_addr got = fips_coords_entry(list, i),
				 wanted = world_identity(who[i]).addr;

		ck_assert(fips_addr_eq(&got, &wanted));
	}
}

static const unsigned here[] = { ME }, there[] = { FAR, HOP, ME };

static bool in_session(struct bench *b, unsigned who)
{
	struct fips_addr addr = world_identity(who).addr;

	return fips_node_has_session(b->node, &addr);
}

/* ---- places ---- */

/* 2.3: the answer goes by the place that the setup gives, and says both;
 * its packets leave by HOP. */
START_TEST(a_stranger_is_answered)
{
	struct bench *b = open_for(8);
	struct puppet p = stranger(FAR);
	struct fips_addr hop = world_identity(HOP).addr;
	struct fips_fsp_setup ack;

	want("expect-session ack", bench_setup(b, &p));
	ck_assert(fips_addr_eq(&b->last[FIPS_ACT_SEND_LINK].peer, &hop));
	ck_assert(fips_fsp_ack_parse(b->ack.bytes, b->ack.len, &ack));
	list_is(&ack.src, 1, here);
	list_is(&ack.dest, 3, there);
	want("install-current use-session route warmup", bench_msg3(b, &p));
	ck_assert(fips_addr_eq(&b->last[FIPS_ACT_ROUTE].via_peer, &hop));
	bench_close(b);
}
END_TEST

/* ... and without one that leads anywhere there is none. */
START_TEST(one_from_nowhere_is_not)
{
	struct bench *b = open_for(8);
	struct puppet p = { .who = FAR, .epoch = 1, .ephemeral = 1, .from = HOP };

	want("", bench_setup(b, &p));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_NO_ROUTE), 1);
	bench_close(b);
}
END_TEST

/* 3.11: CoordsWarmup carries both places, at once and a second later. */
START_TEST(warmups_say_where_both_are)
{
	struct bench *b = open_for(8);
	const struct fips_action *act = &b->last[FIPS_ACT_SEND_SESSION];
	struct fips_coords us, them;
	struct mr_wire in;

	answered(b, FAR);
	for (unsigned i = 0; i < 2; i++) {
		in = mr_wire_read(act->bytes + 1, act->len - 1u);
		fips_coords_get(&in, 1, &us);
		fips_coords_get(&in, 1, &them);
		ck_assert(mr_wire_ok(&in) && mr_wire_left(&in) == 0);
		list_is(&us, 1, here);
		list_is(&them, 3, there);
		if (i == 0)
			want("warmup", bench_wait(b, SECONDS(1)));
	}
	bench_close(b);
}
END_TEST

/* 3.2, 5.2: one whose key and place are known is begun with; nobody else is reached. */
START_TEST(a_session_is_begun_with_a_stranger)
{
	struct bench *b = open_for(8);
	struct puppet p = stranger(FAR);
	struct fips_fsp_setup setup;

	want("unreachable", bench_resolve(b, FAR)); /* no key */
	known(b, FAR);
	bench_wait(b, SECONDS(10)); /* whoever knows has said so */
	want("unreachable", bench_resolve(b, FAR)); /* no place, and nobody who would know */
	seen(b, FAR);
	want("setup", bench_resolve(b, FAR));
	ck_assert(fips_fsp_setup_parse(b->setup.bytes, b->setup.len, &setup));
	list_is(&setup.src, 1, here);
	list_is(&setup.dest, 3, there);
	want("install-current msg3 use-session route warmup", bench_ack(b, &p));
	ck_assert(in_session(b, FAR));
	bench_close(b);
}
END_TEST

/* 3.3: who has proven its key in a handshake is known afterwards. */
START_TEST(who_answered_is_remembered)
{
	struct bench *b = open_for(8);

	answered(b, FAR);
	bench_wait(b, SECONDS(100)); /* idle: the session goes */
	ck_assert(!in_session(b, FAR));
	seen(b, FAR);
	want("setup", bench_resolve(b, FAR));
	bench_close(b);
}
END_TEST

/* 1.2: when HOP's link goes, packets wait; another link makes no difference, HOP's does. */
START_TEST(the_way_goes_and_comes)
{
	struct bench *b = open_for(8);
	struct fips_input bye = { .kind = FIPS_IN_DISCONNECT, .peer = world_identity(HOP).addr };
	struct puppet p = { .who = HOP, .epoch = 1, .ephemeral = 777, .index = 2000 };

	b->data = true;
	answered(b, FAR);
	want("warmup", bench_wait(b, SECONDS(2)));
	want("bye", bench_feed(b, &bye));
	want("retire link-down unroute", bench_wait(b, SECONDS(1)));
	ck_assert(in_session(b, FAR));
	want("install msg2 use", bench_msg1(b, &p));
	want("heartbeat", bench_confirm(b, HOP, b->link_key, 0));
	declare(b, 1, ME);
	seen(b, FAR);
	want("route warmup", bench_wait(b, SECONDS(1) / 2));
	bench_close(b);
}
END_TEST

/* mesh.md 5.3: when the tree is another, sessions look for their way again within a second.
 * Where FAR was, HOP does not lead any more; where it is now, it does. */
START_TEST(the_way_follows_the_tree)
{
	struct fips_addr list[] = { world_identity(FAR).addr, world_identity(HOP).addr,
		                    world_identity(OTHER).addr, world_identity(ME).addr };
	uint8_t bytes[FIPS_COORDS_LEN(4)] = { 4 };
	struct bench *b = open_for(8);

	b->data = true;
	answered(b, FAR);
	want("warmup", bench_wait(b, SECONDS(2)));
	declare(b, 2, OTHER);
	want("unroute", bench_wait(b, SECONDS(1)));
	memcpy(bytes + 2, list, sizeof list);
	bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_LEARNED, .peer = list[0],
	                                    .bytes = bytes, .len = sizeof bytes });
	want("route warmup", bench_wait(b, 0));
	bench_close(b);
}
END_TEST

/* mesh.md 5.5: its source is told of a datagram that goes no further by the link that brought it,
 * wherever we think it is: who is there may never have heard of it.
 * By that way where the link is gone. */
START_TEST(the_source_is_told_by_who_brought_it)
{
	struct fips_addr brought = world_identity(_i ? FAR : OTHER).addr,
			 to = world_identity(_i ? HOP : OTHER).addr;
	struct fips_datagram d = { .ttl = 3, .path_mtu = 1280, .src = world_identity(FAR).addr,
		                   .dest = world_identity(MORE).addr };
	uint8_t bytes[FIPS_DATAGRAM_HEAD + FIPS_FSP_MIN] = { 0 };
	struct bench *b = open_for(8);

	seen(b, FAR);
	fips_datagram_build(bytes, &d);
	bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_UNDELIVERED, .bytes = bytes,
	                                    .len = sizeof bytes, .peer = brought });
	ck_assert(fips_addr_eq(&b->last[FIPS_ACT_SEND_LINK].peer, &to));
	ck_assert_uint_eq(b->last[FIPS_ACT_SEND_LINK].bytes[0], FIPS_LINK_DATAGRAM);
	bench_close(b);
}
END_TEST

/* ---- handshakes under way while the tree turns ---- */

/* A node with a smaller address than ours. */
static unsigned smaller(const struct bench *b)
{
	unsigned who = MORE;

	while (memcmp(world_identity(who).addr.b, b->me.addr.b, FIPS_ADDR_LEN) > 0)
		who++;
	return who;
}

/* HOP has come to be below that one, and so have we; it is told that FAR is below HOP still. */
static void turn(struct bench *b, unsigned root)
{
	struct fips_identity hop = world_identity(HOP), top = world_identity(root);
	struct fips_addr list[] = { world_identity(FAR).addr, hop.addr, top.addr };
	uint8_t entries[2 * FIPS_TREE_ENTRY] = { 0 }, sig[FIPS_SIG_LEN], aux[32] = { 0 };
	uint8_t bytes[FIPS_TREE_LEN(2)], coords[FIPS_COORDS_LEN(3)] = { 3 };
	struct fips_tree_announce a = { .entries = entries, .signature = sig, .n = 2 };

	memcpy(entries, hop.addr.b, FIPS_ADDR_LEN);
	memcpy(entries + FIPS_TREE_ENTRY, top.addr.b, FIPS_ADDR_LEN);
	a.says = (struct fips_declaration){ .node = hop.addr, .sequence = 2, .parent = top.addr };
	ck_assert(fips_declaration_sign(&a.says, &b->curve, &hop, aux, sig));
	bench_message(b, HOP, bytes, fips_tree_announce_build(bytes, sizeof bytes, &a));
	memcpy(coords + 2, list, sizeof list);
	bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_LEARNED, .peer = list[0],
	                                    .bytes = coords, .len = sizeof coords });
}

/* 3.2, 3.11: message 1 stays what it is, but those on the way learn from each setup where both ends
 * are: one that said where they were would send what follows astray,
 * for as long as it is said again. */
START_TEST(a_setup_says_the_places_of_now)
{
	struct bench *b = open_for(8);
	unsigned root = smaller(b);
	const unsigned here_now[] = { ME, HOP, root }, there_now[] = { FAR, HOP, root };
	uint8_t noise[FIPS_XK_MSG1];
	struct fips_fsp_setup setup;

	known(b, FAR);
	seen(b, FAR);
	want("setup", bench_resolve(b, FAR));
	ck_assert(fips_fsp_setup_parse(b->setup.bytes, b->setup.len, &setup));
	memcpy(noise, setup.noise, sizeof noise);
	turn(b, root);
	want("setup", bench_wait(b, SECONDS(0.1)));
	ck_assert(fips_fsp_setup_parse(b->setup.bytes, b->setup.len, &setup));
	list_is(&setup.src, 3, here_now);
	list_is(&setup.dest, 3, there_now);
	ck_assert_mem_eq(noise, setup.noise, sizeof noise);
	bench_close(b);
}
END_TEST

/* 3.3: ... and so does the ack. */
START_TEST(an_ack_says_the_place_of_now)
{
	struct bench *b = open_for(8);
	struct puppet p = stranger(FAR);
	unsigned root = smaller(b);
	const unsigned here_now[] = { ME, HOP, root };
	struct fips_fsp_setup ack;

	want("expect-session ack", bench_setup(b, &p));
	turn(b, root);
	want("ack", bench_wait(b, SECONDS(1)));
	ck_assert(fips_fsp_ack_parse(b->ack.bytes, b->ack.len, &ack));
	list_is(&ack.src, 3, here_now);
	bench_close(b);
}
END_TEST

/* ---- limits ---- */

/* Setups of strangers take three quarters of the places, push out the oldest of their kind, and
 * never a session. */
START_TEST(strangers_make_way_for_strangers)
{
	struct bench *b = open_for(8);

	b->data = true;
	for (unsigned i = 0; i < 4; i++)
		answered(b, MORE + i);
	for (unsigned i = 4; i < 6; i++) {
		struct puppet p = stranger(MORE + i);

		want("expect-session ack", bench_setup(b, &p));
	}
	for (unsigned i = 6; i < 30; i++) {
		struct puppet p = stranger(MORE + i);

		want("session-down expect-session ack", bench_setup(b, &p));
	}
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_SESSIONS_EVICTED), 24);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(in_session(b, MORE + i));
	bench_close(b);
}
END_TEST

/* Those that are in use make way for nobody: strangers are turned away, and what is wanted here
 * has two places more.  Once they carry nothing of ours for half a minute, they do for that. */
START_TEST(what_is_in_use_stays)
{
	struct bench *b = open_for(8);
	struct puppet late = stranger(MORE + 6);

	b->data = true;
	for (unsigned i = 0; i < 6; i++)
		answered(b, MORE + i);
	want("", bench_setup(b, &late));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_SESSIONS_FULL), 1);
	for (unsigned i = 10; i < 13; i++) {
		struct puppet p = stranger(MORE + i);

		known(b, MORE + i);
		seen(b, MORE + i);
		if (i == 12) {
			want("unreachable", bench_resolve(b, MORE + i));
			break;
		}
		want("setup", bench_resolve(b, MORE + i));
		want("install-current msg3 use-session route warmup", bench_ack(b, &p));
		want("", bench_confirm_session(b, MORE + i, b->session_key));
	}
	bench_wait(b, SECONDS(60));
	for (unsigned i = 0; i < 6; i++)
		ck_assert(in_session(b, MORE + i));
	b->data = false;
	bench_wait(b, SECONDS(29));
	seen(b, MORE + 12);
	want("unreachable", bench_resolve(b, MORE + 12));
	bench_wait(b, SECONDS(2));
	seen(b, MORE + 12);
	want("retire-session session-down setup", bench_resolve(b, MORE + 12));
	want("", bench_setup(b, &late));
	bench_close(b);
}
END_TEST

/* Neighbours have their own places, whatever strangers take up. */
START_TEST(neighbours_have_their_places)
{
	struct bench *b = open_for(4);
	struct puppet p = { .who = OTHER, .epoch = 1, .ephemeral = 5 };

	b->data = true;
	for (unsigned i = 0; i < 3; i++)
		answered(b, MORE + i);
	want("expect-session ack", bench_setup(b, &p));
	want("install-current use-session route warmup", bench_msg3(b, &p));
	bench_close(b);
}
END_TEST

/* A reload makes the table larger: who has a session keeps it, a handshake under way goes on with
 * the same bytes, and there is room for more. */
START_TEST(a_larger_table_keeps_all)
{
	struct bench *b = open_for(8);
	struct fips_node_config config = config_for(64);
	struct fips_input in = { .kind = FIPS_IN_CONFIGURE, .config = &config };
	struct puppet half = stranger(MORE + 5);
	uint8_t ack[sizeof b->ack.bytes];

	b->data = true;
	for (unsigned i = 0; i < 5; i++)
		answered(b, MORE + i);
	want("expect-session ack", bench_setup(b, &half));
	memcpy(ack, b->ack.bytes, b->ack.len);
	config.me = &b->me;
	ck_assert_ptr_null(fips_node_reserve(b->node, &config));
	want("", bench_feed(b, &in));
	for (unsigned i = 0; i < 5; i++)
		ck_assert(in_session(b, MORE + i));
	want("ack", bench_setup(b, &half));
	ck_assert_mem_eq(b->ack.bytes, ack, b->ack.len);
	want("install-current use-session route warmup", bench_msg3(b, &half));
	for (unsigned i = 6; i < 40; i++)
		answered(b, MORE + i);
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_SESSIONS_EVICTED), 0);
	bench_close(b);
}
END_TEST

/* Anybody behind the same hop can send setups in its name, one after the other, and never end one:
 * ours goes out all the same, and is answered. */
START_TEST(forged_setups_hold_nobody_up)
{
	struct bench *b = open_for(8);
	struct puppet forged = stranger(FAR), p = stranger(FAR);
	unsigned before = 0, begun = 0;

	known(b, FAR);
	seen(b, FAR);
	want("expect-session ack", bench_setup(b, &forged));
	want("", bench_resolve(b, FAR)); /* it may be its own: its message 3 is waited for */
	for (unsigned i = 0; i < 8; i++) {
		forged.ephemeral = 100 + i;
		bench_setup(b, &forged);
		begun += strstr(bench_wait(b, SECONDS(2)), "setup") != NULL;
		before += i == 0 && begun;
	}
	ck_assert_uint_eq(before, 0);
	ck_assert_uint_ge(begun, 2); /* and again, if it is lost */
	p.ephemeral = 900;
	want("install-current msg3 use-session route warmup", bench_ack(b, &p));
	ck_assert(in_session(b, FAR));
	bench_close(b);
}
END_TEST

/* ---- recovery ---- */

/* 3.12: who seals for us without a session is begun with, once in five seconds. */
START_TEST(strays_are_begun_with)
{
	struct bench *b = open_for(8);

	want("", stray(b, FAR, FIPS_IN_NO_SESSION)); /* whose key? */
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_NO_ROUTE), 1);
	known(b, FAR);
	seen(b, FAR);
	want("setup", stray(b, FAR, FIPS_IN_NO_SESSION));
	want("", stray(b, FAR, FIPS_IN_NO_SESSION));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_RECOVERIES), 1);
	bench_close(b);
}
END_TEST

/* However many names there are, so many are begun with and no more. */
START_TEST(strays_are_bounded)
{
	struct bench *b = open_for(400);
	unsigned begun = 0;

	for (unsigned i = 0; i < 200; i++) {
		known(b, MORE + i);
		seen(b, MORE + i);
		begun += *stray(b, MORE + i, FIPS_IN_NO_SESSION) != '\0';
	}
	ck_assert_uint_eq(begun, 64);
	bench_wait(b, SECONDS(5));
	want("setup", stray(b, MORE + 199, FIPS_IN_NO_SESSION));
	bench_close(b);
}
END_TEST

/* Who seals in the names of many pushes out no more than what such messages brought about. */
START_TEST(strays_take_nothing_away)
{
	struct bench *b = open_for(8);

	for (unsigned i = 0; i < 20; i++) {
		known(b, MORE + i);
		seen(b, MORE + i);
		want(i < 6 ? "setup" : "session-down setup",
		     stray(b, MORE + i, FIPS_IN_NO_SESSION));
	}
	for (unsigned i = 20; i < 28; i++) {
		known(b, MORE + i);
		seen(b, MORE + i);
		want(i < 22 ? "setup" : "session-down setup", bench_resolve(b, MORE + i));
	}
	known(b, MORE + 28);
	seen(b, MORE + 28);
	want("", stray(b, MORE + 28, FIPS_IN_NO_SESSION));
	want("unreachable", bench_resolve(b, MORE + 28));
	bench_close(b);
}
END_TEST

/* A session whose messages cannot be read is given new keys, and lives on until they are there. */
START_TEST(a_broken_session_is_renewed)
{
	struct bench *b = open_for(8);
	struct puppet p = stranger(FAR);

	answered(b, FAR);
	want("setup", stray(b, FAR, FIPS_IN_UNREADABLE));
	want("", stray(b, FAR, FIPS_IN_UNREADABLE));
	ck_assert(in_session(b, FAR));
	p.ephemeral = 900;
	want("install-pending msg3", bench_ack(b, &p));
	want("use-session warmup", bench_confirm_session(b, FAR, b->session_key));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_RECOVERIES), 1);
	want("", stray(b, MORE, FIPS_IN_UNREADABLE));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_GONE), 1);
	bench_close(b);
}
END_TEST

/* With no rekeys of our own there is none later either, whatever went wrong. */
START_TEST(renewed_once_without_rekeys)
{
	struct fips_node_config config = config_for(8);
	struct bench *b;

	config.rekey = false;
	b = open_with(&config);
	b->data = true;
	answered(b, FAR);
	want("setup", stray(b, FAR, FIPS_IN_UNREADABLE));
	bench_wait(b, SECONDS(60));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_SESSION_REKEYS_FAILED), 1);
	want("", bench_without(bench_wait(b, SECONDS(600)), "heartbeat"));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_SESSION_REKEYS), 1);
	bench_close(b);
}
END_TEST

/* ---- who is no neighbour ---- */

/* Whoever calls has a link until it is seen that nobody proves it: that makes nobody kin. */
START_TEST(a_call_makes_no_kin)
{
	struct bench *b = open_for(8);
	unsigned in = 0;

	b->data = b->alive = true;
	for (unsigned i = 0; i < 30; i++) {
		unsigned who = MORE + i;
		struct puppet call = { .who = who, .epoch = 1, .ephemeral = 3000 + who,
			               .index = 5000 + who };
		struct puppet p = stranger(who);

		if (i && i % 5 == 0)
			for (unsigned k = 0; k < 40; k++) /* links that are not heard go */
				bench_wait(b, SECONDS(1));
		bench_msg1(b, &call);
		if (!strstr(bench_setup(b, &p), "ack"))
			continue;
		bench_msg3(b, &p);
		bench_confirm_session(b, who, b->session_key);
	}
	for (unsigned i = 0; i < 30; i++)
		in += in_session(b, MORE + i);
	ck_assert_uint_le(in, 8);
	bench_close(b);
}
END_TEST

/* A stranger who becomes a neighbour, or a peer of the operator's, takes no place of strangers any
 * more; when he is a stranger again, he does. */
START_TEST(strangers_become_kin)
{
	struct fips_node_config config = config_for(4);
	struct bench *b = open_with(&config);
	struct puppet late[] = { stranger(MORE + 3), stranger(MORE + 4) };
	struct fips_peer_config named = { .addr = world_identity(MORE + 1).addr };

	b->data = b->alive = true;
	for (unsigned i = 0; i < 3; i++)
		answered(b, MORE + i);
	want("", bench_setup(b, &late[0]));
	bench_link(b, MORE);
	late[0].ephemeral++;
	want("expect-session ack", bench_setup(b, &late[0]));
	bench_msg3(b, &late[0]);
	bench_confirm_session(b, MORE + 3, b->session_key);
	want("", bench_setup(b, &late[1]));
	memcpy(named.pub, world_identity(MORE + 1).pub, FIPS_PUB_LEN);
	config.me = &b->me;
	config.peers = &named;
	config.n_peers = 1;
	ck_assert_ptr_null(fips_node_reserve(b->node, &config));
	bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_CONFIGURE, .config = &config });
	late[1].ephemeral++;
	want("expect-session ack", bench_setup(b, &late[1]));
	bench_close(b);
}
END_TEST

/* Message 3s that are none, for a setup of their sender's own, keep nobody else's answers away. */
START_TEST(others_are_answered_beside_junk)
{
	struct fips_node_config config = config_for(64);
	struct puppet bad = stranger(MORE + 50);
	uint8_t fsp[FIPS_FSP_MSG3_LEN], noise[FIPS_XK_MSG3] = { 7 };
	struct bench *b = open_with(&config);

	b->data = true;
	want("expect-session ack", bench_setup(b, &bad));
	fips_fsp_msg3_build(fsp, noise);
	for (unsigned i = 0; i < 200; i++)
		want("", bench_datagram(b, &bad, fsp, sizeof fsp));
	ck_assert_uint_gt(bench_count(b, FIPS_NODE_LIMITED), 100);
	for (unsigned k = 0; k < 10; k++) {
		struct puppet p = stranger(MORE + k);

		known(b, MORE + k);
		seen(b, MORE + k);
		want("setup", bench_resolve(b, MORE + k));
		want("install-current msg3 use-session route warmup", bench_ack(b, &p));
		answered(b, MORE + 20 + k);
	}
	bench_close(b);
}
END_TEST

/* ---- how large ---- */

static void notified(struct bench *b, unsigned who, uint16_t mtu)
{
	uint8_t bytes[1 + FIPS_FSP_PATH_MTU_LEN] = { FIPS_FSP_PATH_MTU };

	fips_fsp_path_mtu_build(bytes + 1, mtu);
	bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_BODY, .bytes = bytes, .rx = b->now,
	                                    .peer = world_identity(who).addr,
	                                    .key = b->session_key, .len = sizeof bytes });
}

/* The size that the answer to a lookup brings is anybody's word on the way: it counts at first, and
 * no longer than any other (4.5). */
START_TEST(a_found_size_is_no_last_word)
{
	struct fips_node_config config = config_for(8);
	struct fips_addr far = world_identity(FAR).addr;
	struct bench *b;

	config.link_mtu = 1472;
	b = open_with(&config);
	b->data = true;
	seen(b, FAR);
	fips_cache_mtu((struct fips_cache *)&fips_node_mesh(b->node)->cache, &far, 1300, b->now);
	answered(b, FAR);
	ck_assert_uint_eq(b->last[FIPS_ACT_ROUTE].mtu, 1300);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(b->last[FIPS_ACT_ROUTE].mtu, 1300);
		notified(b, FAR, 1472);
		bench_wait(b, SECONDS(10));
	}
	ck_assert_uint_eq(b->last[FIPS_ACT_ROUTE].mtu, 1472);
	bench_close(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node strangers");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_stranger_is_answered);
	tcase_add_test(tc, one_from_nowhere_is_not);
	tcase_add_test(tc, warmups_say_where_both_are);
	tcase_add_test(tc, a_session_is_begun_with_a_stranger);
	tcase_add_test(tc, who_answered_is_remembered);
	tcase_add_test(tc, the_way_goes_and_comes);
	tcase_add_test(tc, the_way_follows_the_tree);
	tcase_add_loop_test(tc, the_source_is_told_by_who_brought_it, 0, 2);
	tcase_add_test(tc, a_setup_says_the_places_of_now);
	tcase_add_test(tc, an_ack_says_the_place_of_now);
	tcase_add_test(tc, strangers_make_way_for_strangers);
	tcase_add_test(tc, what_is_in_use_stays);
	tcase_add_test(tc, neighbours_have_their_places);
	tcase_add_test(tc, a_larger_table_keeps_all);
	tcase_add_test(tc, forged_setups_hold_nobody_up);
	tcase_add_test(tc, strays_are_begun_with);
	tcase_add_test(tc, strays_are_bounded);
	tcase_add_test(tc, strays_take_nothing_away);
	tcase_add_test(tc, a_broken_session_is_renewed);
	tcase_add_test(tc, renewed_once_without_rekeys);
	tcase_add_test(tc, a_call_makes_no_kin);
	tcase_add_test(tc, strangers_become_kin);
	tcase_add_test(tc, others_are_answered_beside_junk);
	tcase_add_test(tc, a_found_size_is_no_last_word);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
