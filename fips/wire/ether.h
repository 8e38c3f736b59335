/* ether.h - what an Ethernet frame of ours holds (operations.md 2.3).
 *
 *     data     00 | n (2, LE) | FMP packet of n bytes | padding
 *     beacon   01 | version 01 | x-only public key of the sender (32)
 *
 * Short frames are padded on their way, so a packet says how long it is, and a beacon may have
 * bytes behind it.  A beacon is nobody's word but that of whoever sent it: it says whom to call,
 * and the handshake shows whether that is so.
 */
#ifndef FIPS_WIRE_ETHER_H
#define FIPS_WIRE_ETHER_H

#include <stddef.h>
#include <stdint.h>

#define FIPS_ETHER_TYPE   0x2121 /* EtherType, unless set otherwise */
#define FIPS_ETHER_HEAD   3      /* in front of an FMP packet       */
#define FIPS_BEACON_LEN   34
#define FIPS_BEACON_AT_KEY 2
#define FIPS_BEACON_KEY   32

enum fips_ether {
	FIPS_ETHER_DATA,
	FIPS_ETHER_BEACON,
	FIPS_ETHER_SHORT,   /* less than its kind needs, or than its length field says */
	FIPS_ETHER_LONG,    /* longer than the MTU                                     */
	FIPS_ETHER_KIND,    /* first byte is neither 00 nor 01                         */
	FIPS_ETHER_VERSION, /* of a beacon                                             */
};

/* What n bytes are.  Of data *len is the FMP packet's length, which begins at FIPS_ETHER_HEAD; of a
 * good beacon there are FIPS_BEACON_LEN bytes. */
enum fips_ether fips_ether_check(const uint8_t *bytes, size_t n, uint16_t mtu, uint16_t *len);

void fips_ether_head_build(uint8_t out[FIPS_ETHER_HEAD], uint16_t len);
void fips_beacon_build(uint8_t out[FIPS_BEACON_LEN], const uint8_t xonly[FIPS_BEACON_KEY]);

#endif
