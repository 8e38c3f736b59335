/* A super-packet of anything: 10 bytes of device header, then the packet.  What is cut has sound
 * lengths, and its payloads together are the whole's; what is summed stays in the packet. */
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "stages/tun-read/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void cut(const struct mr_split *s, const uint8_t *ip)
{
	uint32_t at = 0;

	if (s->len > MR_SPLIT_HEAD || s->l4 < 40 || s->size == 0 || s->n == 0)
		abort();
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t len = mr_split_payload(s, i);
		uint8_t *packet = malloc(s->len + len);

		if (!packet || len == 0 || len > s->size || (len < s->size && i + 1 < s->n))
			abort();
		memcpy(packet + s->len, ip + s->len + at, len);
		if (mr_split_segment(s, i, packet) != s->len + len ||
		    mr_be16(packet + 4) != (uint16_t)(s->len + len - 40) || packet[0] >> 4 != 6 ||
		    memcmp(packet + 8, ip + 8, 32) != 0 ||
		    memcmp(packet + s->len, ip + s->len + at, len) != 0)
			abort();
		at += len;
		free(packet);
	}
	if (at != s->payload)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct virtio_net_hdr device;
	struct mr_split s;
	uint8_t *ip;

	if (n < sizeof device)
		return 0;
	memcpy(&device, data, sizeof device);
	n -= sizeof device;
	ip = malloc(n ? n : 1);
	if (!ip)
		abort();
	memcpy(ip, data + sizeof device, n);
	if (mr_split_begin(&s, &device, ip, n, n))
		cut(&s, ip);
	mr_split_sum(&device, ip, n);
	free(ip);
	return 0;
}
