/* A vector of anything: each packet its length (2 bytes, little-endian) and its bytes.  Whatever is
 * put together comes apart again as it was, and each flow keeps its order. */
#include "core/wire.h"
#include "t/lib/merged.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *ip[MR_VECTOR];
	uint32_t len[MR_VECTOR];
	struct mr_merge m;
	unsigned packets = 0;

	while (packets < MR_VECTOR && n >= 2) {
		len[packets] = mr_le16(data);
		data += 2;
		n -= 2;
		if (len[packets] > n)
			len[packets] = (uint32_t)n;
		ip[packets] = (uint8_t *)(uintptr_t)data;
		data += len[packets];
		n -= len[packets++];
	}
	merged_check(&m, ip, len, packets, true);
	merged_check(&m, ip, len, packets, false);
	return 0;
}
