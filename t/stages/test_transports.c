/* Which instance of which transport a peer's address means, and addresses as text. */

#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "stages/lib/ether.h"
#include "stages/lib/tcp.h"
#include "stages/lib/transports.h"
#include "stages/lib/udp.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n)   (UINT32_C(1) << (n))

static char eth0[] = "eth0", eth1[] = "eth1";
static const struct mr_ether_conf wire = { .interface = eth0, .accept = true };
static const struct mr_ether_conf wireless = { .interface = eth1 };
static const struct mr_tcp_conf tcp_conf;

static const struct mr_udp udp = {
	.socket = { { .name = "lan", .family = AF_INET, .accept = true },
		    { .name = "wan", .family = AF_INET6 } },
	.n = 2, .mtu = 1472
};
static const struct mr_tcp tcp = {
	.listener = { { .name = "in", .fd = 7, .conf = &tcp_conf },
		      { .name = "out", .fd = -1, .conf = &tcp_conf } },
	.n = 2, .mtu = 1400
};
static const struct mr_ether ether = {
	.socket = { { .name = "a", .conf = &wire }, { .name = "b", .conf = &wireless } },
	.n = 2, .mtu = 1497
};
static const struct mr_udp no_udp = { .mtu = UINT16_MAX };
static const struct mr_tcp no_tcp = { .mtu = UINT16_MAX };
static const struct mr_ether no_ether = { .mtu = UINT16_MAX };
static const struct mr_transports whole = { &udp, &tcp, &ether };
static const struct mr_transports none = { &no_udp, &no_tcp, &no_ether };

static const struct {
	const char *text;
	uint32_t    which;
	bool        known, later;
} names[] = {
	{ "udp", BIT(0) | BIT(1), true, false },
	{ "udp/lan", BIT(0), true, false },
	{ "udp/wan", BIT(1), true, false },
	{ "udp/", 0, true, false },
	{ "udp/in", 0, true, false },
	{ "tcp", BIT(8) | BIT(9), true, false },
	{ "tcp/out", BIT(9), true, false },
	{ "ethernet", BIT(24) | BIT(25), true, false },
	{ "ethernet/b", BIT(25), true, false },
	{ "tor", 0, true, true },
	{ "tor/lan", 0, true, true },
	{ "ude", 0, false, false },
	{ "udp6", 0, false, false },
	{ "", 0, false, false },
	{ "/lan", 0, false, false },
};

START_TEST(instances_by_name)
{
	ck_assert_uint_eq(mr_transports_named(&whole, names[_i].text), names[_i].which);
	ck_assert_uint_eq(mr_transports_named(&none, names[_i].text), 0);
	ck_assert_int_eq(mr_transport_known(names[_i].text), names[_i].known);
	ck_assert_int_eq(mr_transport_later(names[_i].text), names[_i].later);
}
END_TEST

static const struct {
	const char *transport, *text;
	int         instance; /* -1: refused */
	const char *shown;
} addresses[] = {
	{ "udp", "10.0.0.1:2121", 0, "10.0.0.1:2121" },
	{ "udp", "[fd01::1]:2121", 1, "[fd01::1]:2121" },
	{ "udp/lan", "[fd01::1]:2121", -1, NULL },
	{ "udp/wan", "10.0.0.1:2121", -1, NULL },
	{ "tcp", "10.0.0.1:8443", 8, "tcp 10.0.0.1:8443" },
	{ "tcp/out", "[::1]:1", 9, "tcp [::1]:1" },
	{ "tcp", "eth0/00:11:22:33:44:55", -1, NULL },
	{ "ethernet", "eth0/00:11:22:33:44:55", 24, "ethernet 00:11:22:33:44:55" },
	{ "ethernet", "eth1/00:11:22:33:44:FF", 25, "ethernet 00:11:22:33:44:ff" },
	{ "ethernet/a", "eth1/00:11:22:33:44:55", -1, NULL },
	{ "ethernet", "eth2/00:11:22:33:44:55", -1, NULL },
	{ "ethernet", "eth/00:11:22:33:44:55", -1, NULL },
	{ "ethernet", "eth0/00:11:22:33:44", -1, NULL },
	{ "ethernet", "/00:11:22:33:44:55", -1, NULL },
	{ "ethernet", "00:11:22:33:44:55", -1, NULL },
	{ "ethernet", "10.0.0.1:2121", -1, NULL },
	{ "udp", "eth0/00:11:22:33:44:55", -1, NULL },
};

START_TEST(addresses_as_text)
{
	uint32_t which = mr_transports_named(&whole, addresses[_i].transport);
	struct fips_via via = { .instance = 99 };
	const char *wrong = mr_transports_parse(&whole, which, addresses[_i].text, &via);
	char text[MR_VIA_TEXT], bare[MR_VIA_ADDRESS];

	ck_assert_int_eq(wrong != NULL, addresses[_i].instance < 0);
	if (wrong) {
		ck_assert_uint_eq(via.instance, 99);
		return;
	}
	ck_assert_int_eq(via.instance, addresses[_i].instance);
	ck_assert_ptr_null(mr_transport_address_wrong(addresses[_i].text));
	mr_via_text(&via, text);
	ck_assert_str_eq(text, addresses[_i].shown);
	mr_via_address(&via, bare);
	ck_assert_str_eq(bare, strchr(text, ' ') ? strchr(text, ' ') + 1 : text);
}
END_TEST

/* What all of them allow: the smallest frame, and who answers strangers: sockets that say so, and
 * connections that came. */
START_TEST(what_all_allow)
{
	ck_assert_uint_eq(mr_transports_mtu(&whole), 1400);
	ck_assert_uint_eq(mr_transports_accept(&whole), BIT(0) | BIT(16) | BIT(24));
	ck_assert_uint_eq(mr_transports_mtu(&none), UINT16_MAX);
	ck_assert_uint_eq(mr_transports_accept(&none), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("transports");
	TCase *tc = tcase_create("transports");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, instances_by_name, 0, (int)COUNT(names));
	tcase_add_loop_test(tc, addresses_as_text, 0, (int)COUNT(addresses));
	tcase_add_test(tc, what_all_allow);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
