/* fuzz_ether.c - bytes as an Ethernet frame of ours: what is data or a beacon lies within the
 * frame, padding changes nothing, and what is built is read back.
 * As the text of an Ethernet address as well. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fips/wire/ether.h"
#include "stages/lib/ether.h"

#define MTU 1497

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void as_frame(const uint8_t *data, size_t n)
{
	uint8_t *padded = calloc(1, n + 46), head[FIPS_ETHER_HEAD], beacon[FIPS_BEACON_LEN];
	uint16_t len, again;
	enum fips_ether kind = fips_ether_check(data, n, MTU, &len);

	assert(padded && kind <= FIPS_ETHER_VERSION && (kind == FIPS_ETHER_DATA || len == 0));
	if (n)
		memcpy(padded, data, n);
	if (kind == FIPS_ETHER_DATA) {
		assert(n >= FIPS_ETHER_HEAD && len <= n - FIPS_ETHER_HEAD && len <= MTU);
		fips_ether_head_build(head, len);
		assert(!memcmp(head, data, sizeof head));
	}
	if (kind == FIPS_ETHER_BEACON) {
		fips_beacon_build(beacon, data + FIPS_BEACON_AT_KEY);
		assert(n >= sizeof beacon && !memcmp(beacon, data, sizeof beacon));
	}
	if (kind != FIPS_ETHER_SHORT) {
		assert(fips_ether_check(padded, n + 46, MTU, &again) == kind);
		assert(again == len);
	}
	free(padded);
}

static void as_address(const uint8_t *data, size_t n)
{
	char *text = n ? strndup((const char *)data, n) : strdup(""), shown[MR_MAC_TEXT];
	uint8_t mac[MR_ETHER_MAC], again[MR_ETHER_MAC];

	assert(text);
	if (mr_mac_parse(text, mac)) {
		mr_mac_text(mac, shown);
		assert(strlen(text) == strlen(shown) && mr_mac_parse(shown, again));
		assert(!memcmp(mac, again, sizeof mac));
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	as_frame(data, n);
	as_address(data, n);
	return 0;
}
