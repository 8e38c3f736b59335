/* The UDP sockets that rx and tx-gso share: buffers, settings, what cannot be bound, addresses as
 * text.  rx opens them here. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/wire.h"
#include "stages/lib/hostport.h"
#include "stages/lib/udp.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_rx;

#define NODE \
	CRAFT_NODE(CRAFT_B, "{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472,\"recv_buf_size\":4096}")

/* R20: a buffer that the kernel will not give is a warning with the sysctl that would help. */
START_TEST(small_buffers_are_warned_of)
{
	static const char node[] = CRAFT_NODE(
		CRAFT_B, "{\"bind_addr\":\"127.0.0.1:0\",\"recv_buf_size\":1073741823,"
		         "\"send_buf_size\":1073741823}");
	struct rig *rig;
	char *warnings;

	craft_net_admin(false); /* with it the forced form succeeds */
	rig = rig_open(&mr_kind_rx, "{}", node);
	warnings = rig_warnings(rig);
	ck_assert_ptr_nonnull(strstr(warnings, "warning: "));
	ck_assert_ptr_nonnull(strstr(warnings, "sysctl -w net.core.rmem_max=1073741823"));
	ck_assert_ptr_nonnull(strstr(warnings, "sysctl -w net.core.wmem_max=1073741823"));
	free(warnings);
	rig_close(rig);
	craft_net_admin(true);
}
END_TEST

START_TEST(enough_is_no_warning)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", NODE);
	char *warnings = rig_warnings(rig);

	ck_assert_ptr_null(strstr(warnings, "rmem_max"));
	free(warnings);
	rig_close(rig);
}
END_TEST

static const struct {
	const char *udp, *sentence;
} unusable[] = {
	{ "{\"bind_addr\":\"203.0.113.7:2121\"}", "cannot be bound" },
	{ "{\"bind_addr\":\"localhost:2121\"}", "localhost:2121 is no address" },
	{ "{\"bind_addr\":\"127.0.0.1\"}", "127.0.0.1 is no address" },
	{ "{\"bind_addr\":\"::1:2121\"}", "::1:2121 is no address" },
};

START_TEST(unusable_transports)
{
	char node[512], *why;

	snprintf(node, sizeof node, "{\"transports\":{\"udp\":%s}}", unusable[_i].udp);
	why = rig_refusal(&mr_kind_rx, "{}", node);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, unusable[_i].sentence) != NULL, "%s", why);
	free(why);
}
END_TEST

/* What the node file says of each instance; the node's MTU is the smallest. */
START_TEST(settings_reach_the_sockets)
{
	static const char node[] = CRAFT_NODE(
		CRAFT_B,
		"{\"lan\":{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472,"
		"\"accept_connections\":false},"
		"\"out\":{\"bind_addr\":\"127.0.0.1:1\",\"mtu\":1300,\"outbound_only\":true},"
		"\"six\":{\"bind_addr\":\"[::1]:0\"}}");
	static const struct {
		const char *name;
		int         family;
		uint16_t    mtu;
		bool        accept;
	} want[] = {
		{ "lan", AF_INET, 1472, false }, { "out", AF_INET, 1300, false },
		{ "six", AF_INET6, 1280, true },
	};
	struct rig *rig = rig_open(&mr_kind_rx, "{}", node);
	const struct mr_udp *udp = rig_use(rig, &mr_resource_udp);
	struct fips_via bound;

	ck_assert_uint_eq(udp->n, COUNT(want));
	ck_assert_uint_eq(udp->mtu, 1280);
	for (unsigned i = 0; i < COUNT(want); i++) {
		ck_assert_str_eq(udp->socket[i].name, want[i].name);
		ck_assert_int_eq(udp->socket[i].family, want[i].family);
		ck_assert_uint_eq(udp->socket[i].mtu, want[i].mtu);
		ck_assert_int_eq(udp->socket[i].accept, want[i].accept);
	}
	craft_bound(udp->socket[1].fd, &bound);
	ck_assert_uint_gt(mr_be16(bound.sock + 2), 1); /* any free port */
	rig_close(rig);
}
END_TEST

/* A transport address as text: which instance it belongs to, and the same text back. */
static const struct {
	const char *text;
	unsigned    instance;
	const char *wrong; /* what is said of it, or NULL */
} texts[] = {
	{ "10.0.0.1:2121", 0, NULL },      { "[2001:db8::1]:2121", 1, NULL },
	{ "[fe80::1234:5678:9abc:def0%lo]:65535", 1, NULL },
	{ "255.255.255.255:65535", 0, NULL }, { "10.0.0.1", 0, "host:port" },
	{ "2001:db8::1:2121", 0, "brackets" }, { "name:2121", 0, "numeric" },
	{ ":2121", 0, "host:port" },       { "10.0.0.1:", 0, "host:port" },
	{ "10.0.0.1:65536", 0, "numeric" }, { "10.0.0.1:67657", 0, "numeric" },
	{ "10.0.0.1:+21", 0, "numeric" },  { "10.0.0.1:21x", 0, "numeric" },
};

START_TEST(addresses_as_text)
{
	static const char node[] = CRAFT_NODE(CRAFT_B, "{\"a\":{\"bind_addr\":\"127.0.0.1:0\"},"
	                                               "\"b\":{\"bind_addr\":\"[::1]:0\"}}");
	struct rig *rig = rig_open(&mr_kind_rx, "{}", node);
	const char *wrong;
	struct fips_via via;
	char text[MR_HOSTPORT];

	wrong = mr_udp_parse(rig_use(rig, &mr_resource_udp), texts[_i].text, &via);
	if (texts[_i].wrong) {
		ck_assert_ptr_nonnull(wrong);
		ck_assert_msg(strstr(wrong, texts[_i].wrong) != NULL, "%s", wrong);
	} else {
		ck_assert_ptr_null(wrong);
		ck_assert_uint_eq(via.instance, texts[_i].instance);
		mr_udp_text(&via, text);
		ck_assert_str_eq(text, texts[_i].text);
	}
	rig_close(rig);
}
END_TEST

START_TEST(no_instance_of_that_family)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", NODE);
	struct fips_via via = { .len = 0 };
	char text[64];

	ck_assert_ptr_nonnull(mr_udp_parse(rig_use(rig, &mr_resource_udp), "[::1]:2121", &via));
	mr_udp_text(&via, text);
	ck_assert_str_eq(text, "nowhere");
	rig_close(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("udp");
	TCase *tc = tcase_create("udp");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, small_buffers_are_warned_of);
	tcase_add_test(tc, enough_is_no_warning);
	tcase_add_loop_test(tc, unusable_transports, 0, (int)COUNT(unusable));
	tcase_add_test(tc, settings_reach_the_sockets);
	tcase_add_loop_test(tc, addresses_as_text, 0, (int)COUNT(texts));
	tcase_add_test(tc, no_instance_of_that_family);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
