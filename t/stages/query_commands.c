/* query_commands.c - the few commands that change something: peers that come and go. */
#include <string.h>

#include "stages/control/state.h"
#include "t/stages/query_bench.h"

static const char *connect_to(unsigned n, const char *address, char line[512])
{
	char npub[FIPS_KEY_TEXT];

	whole_npub(n, npub);
	snprintf(line, 512,
	         "{\"command\":\"connect\",\"params\":{\"npub\":\"%s\",\"address\":\"%s\","
	         "\"transport\":\"udp\"}}", npub, address);
	return line;
}

static void accepted(unsigned i, const char *line)
{
	json_t *o = ask_raw(i, line, strlen(line));

	ck_assert_msg(!strcmp(json_string_value(json_object_get(o, "status")), "ok"), "%s",
	              json_string_value(json_object_get(o, "message")));
	json_decref(o);
}

/* A peer comes, goes, and comes again at another place; a reload takes it along. */
START_TEST(connect_and_disconnect)
{
	char line[512], npub[FIPS_KEY_TEXT], bye[256];
	struct mr_swapped swapped;

	whole_reset();
	whole_open(0, "", "");
	whole_open(1, "", "");
	whole_run(100);
	accepted(0, connect_to(1, "10.0.0.2:2121", line));
	ck_assert_uint_eq(mr_engine_host_deadline(node[0].engine), 0);
	whole_run(1000);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	ck_assert_int_eq(whole_peer_state(1), FIPS_PEER_UP);

	ck_assert_int_ne(whole_swap(0, ",\"heartbeat_interval_secs\":7", "", &swapped),
	                 MR_SWAP_REFUSED);
	whole_run(5000);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);

	whole_npub(1, npub);
	snprintf(bye, sizeof bye, "{\"command\":\"disconnect\",\"params\":{\"npub\":\"%s\"}}",
	         npub);
	accepted(0, bye);
	whole_run(5000);
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->links), 0);
	ck_assert_uint_eq(mr_table_count(whole_mesh(1)->links), 0);
	refused(0, bye, "peer not found: ");

	air.host[1] = 42;
	accepted(0, connect_to(1, "10.0.0.42:2121", line));
	whole_run(1000);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	whole_close_all();
}
END_TEST

/* A guest that was sent away and comes again is a guest again, at the place he gave last: a reload
 * takes him along. */
START_TEST(guests_come_again)
{
	char line[512], npub[FIPS_KEY_TEXT], bye[256];
	struct mr_swapped swapped;

	whole_reset();
	whole_open(0, "", "");
	whole_open(1, "", "");
	whole_run(100);
	accepted(0, connect_to(1, "10.0.0.77:2121", line)); /* nobody is there */
	accepted(0, connect_to(1, "10.0.0.2:2121", line));
	whole_run(100);
	whole_npub(1, npub);
	snprintf(bye, sizeof bye, "{\"command\":\"disconnect\",\"params\":{\"npub\":\"%s\"}}",
	         npub);
	accepted(0, bye);
	whole_run(5000);
	accepted(0, connect_to(1, "10.0.0.2:2121", line));
	whole_run(5000);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	for (unsigned i = 0; i < 2; i++) {
		const struct control *c = mr_engine_host_state(node[0].engine);

		ck_assert_uint_eq(c->n_guests, 1);
		ck_assert_str_eq(c->guest[0].addr, "10.0.0.2:2121");
		ck_assert_uint_eq(c->set.config.n_peers, 1);
		ck_assert_int_ne(whole_swap(0, ",\"heartbeat_interval_secs\":7", "", &swapped),
		                 MR_SWAP_REFUSED);
		whole_run(5000);
		ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	}
	whole_close_all();
}
END_TEST

static const struct {
	const char *address, *message;
} places[] = {
	{ "fd00::1", "'fd00::1' is a FIPS mesh address (fd00::/8), not a reachable udp endpoint" },
	{ "fd00::1:2121", "'fd00::1:2121' is a FIPS mesh address" },
	{ "[fdab:cdef::1]:2121", "'[fdab:cdef::1]:2121' is a FIPS mesh address" },
	{ "[fd00::1]", "'[fd00::1]' is a FIPS mesh address" },
	{ "FD12::1", "'FD12::1' is a FIPS mesh address" },
	{ "", "\"\" " },
	{ "10.0.0.2", "\"10.0.0.2\" " },
	{ "10.0.0.2:99999", "\"10.0.0.2:99999\" " },
	{ "[fc00::1]:2121", "\"[fc00::1]:2121\" " }, /* no socket of that family */
};

START_TEST(places_that_are_none)
{
	char line[512];

	whole_reset();
	whole_open(0, "", "");
	whole_run(100);
	for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++)
		refused(0, connect_to(1, places[i].address, line), places[i].message);
	refused(0, connect_to(0, "10.0.0.2:2121", line), "this is the node itself");
	whole_run(1000);
	ck_assert_uint_eq(air.sent[0], 0);
	whole_close_all();
}
END_TEST

/* R7: whoever is let near the socket adds no more peers than there is room for. */
START_TEST(guests_have_an_end)
{
	struct fips_curve curve = fips_curve_secp256k1();
	unsigned added = 0;

	whole_reset();
	whole_open(0, "", "");
	whole_run(100);
	for (unsigned i = 0; i < 200; i++) {
		uint8_t secret[FIPS_SECRET_LEN] = { 1, 2, (uint8_t)(i + 1) };
		struct fips_identity id;
		char line[512];
		json_t *o;

		ck_assert_ptr_null(fips_identity_of_secret(&id, &curve, secret));
		snprintf(line, sizeof line,
		         "{\"command\":\"connect\",\"params\":{\"npub\":\"%s\",\"address\":"
		         "\"10.0.0.3:2121\",\"transport\":\"udp\"}}", id.npub);
		o = ask_raw(0, line, strlen(line));
		added += !strcmp(json_string_value(json_object_get(o, "status")), "ok");
		json_decref(o);
		whole_run(10);
	}
	ck_assert_uint_eq(added, 64);
	fips_curve_close(&curve);
	whole_close_all();
}
END_TEST

/* Who has gone has left his place to others, by number or by name, whether he had come or not. */
START_TEST(guests_leave_room)
{
	struct fips_curve curve = fips_curve_secp256k1();
	const struct control *c;

	whole_reset();
	whole_open(0, "", "");
	whole_run(100);
	c = mr_engine_host_state(node[0].engine);
	for (unsigned i = 0; i < 200; i++) {
		uint8_t secret[FIPS_SECRET_LEN] = { 1, 2, (uint8_t)(i + 1) };
		struct fips_identity id;
		char line[512], bye[256];

		ck_assert_ptr_null(fips_identity_of_secret(&id, &curve, secret));
		snprintf(line, sizeof line,
		         "{\"command\":\"connect\",\"params\":{\"npub\":\"%s\",\"address\":"
		         "\"%s:2121\",\"transport\":\"udp\"}}", id.npub,
		         i % 4 == 3 ? "localhost" : "10.0.0.3");
		accepted(0, line);
		whole_run(i % 50 == 0 ? 60000 : 10); /* some have given up by then */
		snprintf(bye, sizeof bye, "{\"command\":\"disconnect\",\"params\":{\"npub\":\"%s\"}}",
		         id.npub);
		accepted(0, bye);
		whole_run(10);
		refused(0, bye, "peer not found: ");
		ck_assert_uint_eq(c->n_guests, 0);
		ck_assert_uint_eq(c->set.config.n_peers, 0);
	}
	fips_curve_close(&curve);
	whole_close_all();
}
END_TEST

static const char *connect_by_name(unsigned i, const char *host, char line[512], char bye[256])
{
	struct fips_curve curve = fips_curve_secp256k1();
	uint8_t secret[FIPS_SECRET_LEN] = { 1, 2, (uint8_t)(i + 1) };
	struct fips_identity id;

	ck_assert_ptr_null(fips_identity_of_secret(&id, &curve, secret));
	fips_curve_close(&curve);
	snprintf(line, 512,
	         "{\"command\":\"connect\",\"params\":{\"npub\":\"%s\",\"address\":"
	         "\"%s:2121\",\"transport\":\"udp\"}}", id.npub, host);
	snprintf(bye, 256, "{\"command\":\"disconnect\",\"params\":{\"npub\":\"%s\"}}", id.npub);
	return line;
}

/* ... and each leaves it while the next is there. */
START_TEST(guests_take_turns)
{
	char line[512], bye[2][256];

	whole_reset();
	whole_open(0, "", "");
	whole_run(100);
	for (unsigned i = 0; i < 200; i++) {
		accepted(0, connect_by_name(i, "localhost", line, bye[i % 2]));
		whole_run(10);
		if (i)
			accepted(0, bye[(i + 1) % 2]);
	}
	whole_close_all();
}
END_TEST

/* A peer that is configured may be given names as well as addresses, as many as it may have; the
 * one it has is no other. */
START_TEST(more_places)
{
	const struct control *c;
	char line[512], bye[256];

	whole_reset();
	whole_open(0, "", "");
	whole_run(100);
	c = mr_engine_host_state(node[0].engine);
	accepted(0, connect_by_name(0, "10.0.0.3", line, bye));
	ck_assert(!c->set.peers[0].named);
	for (unsigned i = 0; i < 2; i++) {
		accepted(0, connect_by_name(0, i ? "LOCALHOST" : "localhost", line, bye));
		whole_run(10);
		ck_assert(c->set.peers[0].named);
		ck_assert_uint_eq(c->set.named[0].n, 2);
	}
	accepted(0, connect_by_name(0, "10.0.0.4", line, bye));
	accepted(0, connect_by_name(0, "nowhere.invalid", line, bye));
	ck_assert_uint_eq(c->set.named[0].n, CONTROL_ADDRESSES);
	refused(0, connect_by_name(0, "elsewhere.invalid", line, bye),
	        "has as many addresses as a peer may have");
	ck_assert_uint_eq(c->set.config.n_peers, 1);
	ck_assert_uint_eq(c->set.n_named, 1);
	accepted(0, bye);
	whole_run(10);
	ck_assert_uint_eq(c->set.config.n_peers, 0);
	whole_close_all();
}
END_TEST

/* A node that is about to leave takes no more orders. */
START_TEST(nothing_at_the_end)
{
	char line[512];

	whole_link_up();
	mr_control_stop(mr_engine_host_state(node[0].engine));
	refused(0, connect_to(2, "10.0.0.4:2121", line), "node shutting down");
	whole_run(50);
	whole_close_all();
}
END_TEST

TCase *query_commands(void)
{
	TCase *tc = tcase_create("commands");

	tcase_add_test(tc, connect_and_disconnect);
	tcase_add_test(tc, guests_come_again);
	tcase_add_test(tc, guests_leave_room);
	tcase_add_test(tc, guests_take_turns);
	tcase_add_test(tc, more_places);
	tcase_add_test(tc, places_that_are_none);
	tcase_add_test(tc, guests_have_an_end);
	tcase_add_test(tc, nothing_at_the_end);
	return tc;
}
