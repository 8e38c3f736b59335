/* fuzz_hostport.c - bytes as the text of a UDP address: what is read has a text that is read as the
 * same address, its port is the number behind the colon, and both who read it agree on whether
 * something is wrong with it. */
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "stages/lib/hostport.h"
#include "stages/lib/udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The zone of a link-local address, which its text does not have. */
static void forget_zone(struct fips_via *via)
{
	struct sockaddr_in6 in6;

	if (via->len != sizeof in6)
		return;
	memcpy(&in6, via->sock, sizeof in6);
	in6.sin6_scope_id = 0;
	memcpy(via->sock, &in6, sizeof in6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct mr_udp none, both = {
		.socket = { { .family = AF_INET6 }, { .family = AF_INET } }, .n = 2
	};
	struct fips_via via = { .instance = 7 }, again, before = via;
	char *text = n ? strndup((const char *)data, n) : strdup(""), shown[64];
	const char *wrong;

	assert(text);
	wrong = mr_udp_parse(&both, text, &via);
	assert(!wrong == !mr_hostport_wrong(text));
	assert(mr_udp_parse(&none, text, &before) && before.instance == 7);
	if (wrong) {
		assert(fips_via_eq(&via, &before));
	} else {
		assert(mr_be16(via.sock + 2) == strtoul(strrchr(text, ':') + 1, NULL, 10));
		forget_zone(&via);
		mr_udp_text(&via, shown);
		assert(!mr_udp_parse(&both, shown, &again) && fips_via_eq(&via, &again));
		assert(via.len == (via.instance == 0 ? sizeof(struct sockaddr_in6) :
		                                       sizeof(struct sockaddr_in)));
	}
	free(text);
	return 0;
}
