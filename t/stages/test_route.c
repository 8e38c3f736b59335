/* route, alone: what becomes of local packets, of others' datagrams, of control's messages. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fips/wire/datagram.h"
#include "stages/lib/mesh.h"
#include "stages/lib/udp.h"
#include "stages/lib/words.h"
#include "t/lib/rig.h"

extern const struct mr_kind mr_kind_route;

#define NODE                                                                                       \
	"{\"node\":{\"identity\":{\"nsec\":"                                                       \
	"\"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\"}},"                  \
	"\"transports\":{\"udp\":{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472}}}"

static struct fips_addr far_node = { { 0xaa, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } };

/* An IPv6/UDP packet of n bytes from us to dest. */
static size_t ip_packet(struct rig *rig, uint8_t *out, const struct fips_addr *dest, size_t n)
{
	const struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);

	memset(out, 0, n);
	out[0] = 0x60;
	out[4] = (uint8_t)((n - 40) >> 8);
	out[5] = (uint8_t)(n - 40);
	out[6] = 17;
	out[7] = 64;
	memcpy(out + 8, mesh->own_ip, 16);
	fips_addr_to_ipv6(dest, out + 24);
	return n;
}

static void put_route(struct rig *rig, enum fips_route_state state, uint16_t mtu)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct fips_route_entry *e = calloc(1, sizeof *e);

	*e = (struct fips_route_entry){ .dest = far_node, .state = state, .link = 11, .session = 22,
		                        .mtu = mtu, .first = 1472 };
	mr_table_put(mesh->routes, rig_epoch(rig), far_node.b, e);
}

START_TEST(a_live_route_is_taken)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	uint8_t ip[200];
	struct mr_pkt *p;

	put_route(rig, FIPS_ROUTE_LIVE, 1400);
	rig_feed(rig, "ip", ip, ip_packet(rig, ip, &far_node, sizeof ip));
	ck_assert_str_eq(rig_run(rig), "seal");
	p = rig_out(rig, "seal");
	ck_assert_uint_eq(p->near, 11);
	ck_assert_uint_eq(p->far, 22);
	ck_assert_uint_eq(p->limit, 1472); /* not 1400, which the path takes */
	ck_assert_uint_eq(p->mark, MR_SHAPE_IP);
	ck_assert_mem_eq(p->data, ip, sizeof ip);
	rig_close(rig);
}
END_TEST

/* R25: what does not fit is not sent, and the program is told once in 100 ms. */
START_TEST(too_big_is_answered)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	uint8_t ip[1400];
	struct mr_pkt *p;

	put_route(rig, FIPS_ROUTE_LIVE, 1400);
	rig_feed(rig, "ip", ip, ip_packet(rig, ip, &far_node, 1323));
	ck_assert_str_eq(rig_run(rig), "seal");
	rig_feed(rig, "ip", ip, ip_packet(rig, ip, &far_node, 1324));
	rig_feed(rig, "ip", ip, ip_packet(rig, ip, &far_node, 1324));
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "too-big"), 2);
	ck_assert_uint_eq(rig_count(rig, "answers"), 1);
	p = rig_out(rig, "tun");
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->data[40], 2);
	ck_assert_uint_eq(mr_be32(p->data + 44), 1323);
	ck_assert_ptr_null(rig_out(rig, "tun"));
	rig_close(rig);
}
END_TEST

static const struct {
	const char *name;
	size_t      n;     /* bytes given                        */
	unsigned    at;    /* byte overwritten before, 0: none   */
	uint8_t     value;
	const char *went;
} odd[] = {
	{ "empty",            0, 0, 0, "not-ipv6" },
	{ "one byte",         1, 0, 0, "not-ipv6" },
	{ "39 bytes",        39, 0, 0, "not-ipv6" },
	{ "other source",   100, 9, 0xee, "foreign-source" },
	{ "not a mesh one", 100, 24, 0x20, "tun" }, /* the answer; the packet itself is dropped */
};

START_TEST(odd_packets_have_names)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	uint8_t ip[200];

	ip_packet(rig, ip, &far_node, 100);
	if (odd[_i].at)
		ip[odd[_i].at] = odd[_i].value;
	rig_feed(rig, "ip", ip, odd[_i].n);
	ck_assert_str_eq(rig_run(rig), odd[_i].went);
	ck_assert_uint_eq(rig_count(rig, "out"), !strcmp(odd[_i].went, "tun"));
	rig_close(rig);
}
END_TEST

/* R7: sixteen wait for a way, the oldest go first. */
START_TEST(unknown_destinations_park_and_ask_once)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct mr_order order = { .kind = MR_ORD_ROUTE, .p = far_node.b };
	struct mr_event event;
	uint8_t ip[200];

	for (unsigned i = 0; i < 20; i++) {
		ip_packet(rig, ip, &far_node, sizeof ip);
		ip[199] = (uint8_t)i;
		rig_feed(rig, "ip", ip, sizeof ip);
	}
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "held"), 16);
	ck_assert_uint_eq(rig_count(rig, "park-over"), 4);
	ck_assert(rig_event(rig, &event));
	ck_assert_uint_eq(event.kind, MR_EV_RESOLVE);
	ck_assert_mem_eq(event.bytes, far_node.b, 15);
	ck_assert(!rig_event(rig, &event));
	put_route(rig, FIPS_ROUTE_LIVE, 1472);
	rig_order(rig, &order);
	ck_assert_str_eq(rig_run(rig), "seal");
	for (unsigned i = 4; i < 20; i++) {
		struct mr_pkt *p = rig_out(rig, "seal");

		/* the oldest four went, the rest keeps its order */
		ck_assert_uint_eq(p->data[199], i);
	}
	ck_assert_uint_eq(rig_count(rig, "held"), 0);
	rig_close(rig);
}
END_TEST

/* Numbered packets to the far node, [from, to). */
static void feed_numbers(struct rig *rig, unsigned from, unsigned to)
{
	uint8_t ip[200];

	for (unsigned i = from; i < to; i++) {
		ip_packet(rig, ip, &far_node, sizeof ip);
		ip[199] = (uint8_t)i;
		rig_feed(rig, "ip", ip, sizeof ip);
	}
}

/* The entry is there before the order is: what comes between goes behind what waits, as many as it
 * is and whatever it meets. */
static const struct {
	unsigned              parked, then;
	enum fips_route_state state;
	bool                  order, gone; /* an order comes at all; the entry is removed
	                                    * again meanwhile */
} overtaking[] = {
	{ 1,  1,   FIPS_ROUTE_LIVE, true, false },
	{ 5,  3,   FIPS_ROUTE_LIVE, true, false },
	{ 5,  20,  FIPS_ROUTE_LIVE, true, false },
	{ 16, 16,  FIPS_ROUTE_LIVE, true, false },
	{ 16, 200, FIPS_ROUTE_LIVE, true, false },
	{ 16, 200, FIPS_ROUTE_LIVE, false, false },
	{ 16, 100, FIPS_ROUTE_LIVE, true, true },
	{ 7,  40,  FIPS_ROUTE_UNREACHABLE, true, false },
};

START_TEST(new_packets_go_behind_parked_ones)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct mr_order order = { .kind = MR_ORD_ROUTE, .p = far_node.b };
	unsigned parked = overtaking[_i].parked, all = parked + overtaking[_i].then;
	bool live = overtaking[_i].state == FIPS_ROUTE_LIVE;

	feed_numbers(rig, 0, parked);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "held"), parked);
	put_route(rig, overtaking[_i].state, 1472);
	feed_numbers(rig, parked, parked + 1);
	rig_run(rig);
	if (overtaking[_i].gone) {
		ck_assert(mr_table_remove(mesh->routes, rig_epoch(rig), far_node.b));
		feed_numbers(rig, parked + 1, parked + 9);
		rig_run(rig);
		put_route(rig, overtaking[_i].state, 1472);
		feed_numbers(rig, parked + 9, all);
	} else {
		feed_numbers(rig, parked + 1, all);
	}
	if (overtaking[_i].order)
		rig_order(rig, &order);
	rig_run(rig);
	for (unsigned i = 0; live && i < all; i++) {
		struct mr_pkt *p = rig_out(rig, "seal");

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq(p->data[199], i);
	}
	ck_assert_ptr_null(rig_out(rig, "seal"));
	ck_assert_uint_eq(rig_count(rig, "unreachable"), live ? 0 : all);
	ck_assert_uint_eq(rig_count(rig, "park-over"), 0);
	ck_assert_uint_eq(rig_count(rig, "held"), 0);
	rig_conserved(rig);
	rig_close(rig);
}
END_TEST

/* Keys that begin alike. */
START_TEST(who_waits_for_another_is_not_in_the_way)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr alike = far_node;
	uint8_t ip[100];

	alike.b[5] ^= 1;
	rig_feed(rig, "ip", ip, ip_packet(rig, ip, &alike, sizeof ip));
	rig_run(rig);
	put_route(rig, FIPS_ROUTE_LIVE, 1472);
	feed_numbers(rig, 0, 70);
	ck_assert_str_eq(rig_run(rig), "seal");
	for (unsigned i = 0; i < 70; i++)
		ck_assert_uint_eq(rig_out(rig, "seal")->data[199], i);
	ck_assert_uint_eq(rig_count(rig, "held"), 1); /* the other one still waits */
	ck_assert_uint_eq(rig_count(rig, "parked"), 1);
	rig_conserved(rig);
	rig_close(rig);
}
END_TEST

START_TEST(parked_packets_expire_with_an_answer)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct mr_event event;
	unsigned asked = 0;
	uint8_t ip[200];

	rig_feed(rig, "ip", ip, ip_packet(rig, ip, &far_node, sizeof ip));
	rig_run(rig);
	for (unsigned s = 2; s <= 32; s++) {
		rig_at(rig, s * MR_NS_PER_S);
		rig_run(rig);
		while (rig_event(rig, &event))
			asked++;
	}
	ck_assert_uint_ge(asked, 29); /* a lost word to control is said again each second */
	ck_assert_uint_eq(rig_count(rig, "expired"), 1);
	ck_assert_uint_eq(rig_count(rig, "answers"), 1);
	ck_assert_uint_eq(rig_out(rig, "tun")->data[40], 1);
	rig_close(rig);
}
END_TEST

START_TEST(no_way_is_told)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	uint8_t ip[200];

	put_route(rig, FIPS_ROUTE_UNREACHABLE, 0);
	rig_feed(rig, "ip", ip, ip_packet(rig, ip, &far_node, sizeof ip));
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "unreachable"), 1);
	ck_assert_uint_eq(rig_out(rig, "tun")->data[40], 1);
	rig_close(rig);
}
END_TEST

START_TEST(own_address_comes_back)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	const struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	uint8_t ip[64];

	rig_feed(rig, "ip", ip, ip_packet(rig, ip, &mesh->me.addr, sizeof ip));
	ck_assert_str_eq(rig_run(rig), "tun");
	rig_close(rig);
}
END_TEST

/* Datagrams of others: ttl, path MTU and CE are the only things that change. */
static const struct {
	uint8_t     ttl;
	bool        neighbour, congested, ce;
	const char *went;
	uint8_t     ttl_out;
	bool        ce_out;
} transit[] = {
	{ 64, true,  false, false, "forward", 63, false },
	{ 2,  true,  false, true,  "forward", 1,  true  },
	{ 2,  true,  true,  false, "forward", 1,  true  },
	{ 255, true, false, false, "forward", 64, false },
	{ 1,  true,  false, false, "control", 0,  false },
	{ 0,  true,  false, false, "control", 0,  false },
};

START_TEST(transit_changes_three_things)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct fips_datagram d = { .ttl = transit[_i].ttl, .path_mtu = 1472, .dest = far_node,
		                   .src = { { 0xbb } } };
	uint8_t bytes[FIPS_DATAGRAM_HEAD + 10] = { 0 };
	struct mr_pkt *p;

	if (transit[_i].neighbour) {
		struct fips_link_entry *e = calloc(1, sizeof *e);

		*e = (struct fips_link_entry){ .peer = far_node, .mtu = 1300, .proven = true,
			                       .congested = transit[_i].congested };
		mr_table_put(mesh->links, rig_epoch(rig), far_node.b, e);
	}
	fips_datagram_build(bytes, &d);
	memset(bytes + FIPS_DATAGRAM_HEAD, 0x5a, 10);
	p = rig_feed(rig, "transit", bytes, sizeof bytes);
	p->flags = transit[_i].ce ? MR_FLAG_CE : 0;
	ck_assert_str_eq(rig_run(rig), transit[_i].went);
	if (!strcmp(transit[_i].went, "forward")) {
		p = rig_out(rig, "forward");
		ck_assert_uint_eq(p->data[FIPS_DATAGRAM_AT_TTL], transit[_i].ttl_out);
		ck_assert_uint_eq(mr_le16(p->data + FIPS_DATAGRAM_AT_PATH_MTU), 1300);
		ck_assert_uint_eq((p->flags & MR_FLAG_CE) != 0, transit[_i].ce_out);
		ck_assert_uint_eq(p->near, mr_table_handle(mesh->links, far_node.b));
		ck_assert_mem_eq(p->data + 4, bytes + 4, sizeof bytes - 4);
	}
	rig_close(rig);
}
END_TEST

START_TEST(a_short_datagram_is_malformed)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	uint8_t bytes[FIPS_DATAGRAM_HEAD] = { 0 };

	for (size_t n = 0; n < FIPS_DATAGRAM_HEAD; n++) {
		rig_feed(rig, "transit", bytes, n);
		ck_assert_str_eq(rig_run(rig), "malformed");
	}
	rig_close(rig);
}
END_TEST

START_TEST(without_a_transport_there_is_no_node)
{
	char *why = rig_refusal(&mr_kind_route, "{}", "{\"transports\":{}}");

	ck_assert_ptr_nonnull(why);
	ck_assert_ptr_nonnull(strstr(why, "no transport is configured"));
	free(why);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("route");
	TCase *tc = tcase_create("route");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, a_live_route_is_taken);
	tcase_add_test(tc, too_big_is_answered);
	tcase_add_loop_test(tc, odd_packets_have_names, 0, sizeof odd / sizeof odd[0]);
	tcase_add_test(tc, unknown_destinations_park_and_ask_once);
	tcase_add_loop_test(tc, new_packets_go_behind_parked_ones, 0,
	                    sizeof overtaking / sizeof overtaking[0]);
	tcase_add_test(tc, who_waits_for_another_is_not_in_the_way);
	tcase_add_test(tc, parked_packets_expire_with_an_answer);
	tcase_add_test(tc, no_way_is_told);
	tcase_add_test(tc, own_address_comes_back);
	tcase_add_loop_test(tc, transit_changes_three_things, 0,
	                    sizeof transit / sizeof transit[0]);
	tcase_add_test(tc, a_short_datagram_is_malformed);
	tcase_add_test(tc, without_a_transport_there_is_no_node);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
