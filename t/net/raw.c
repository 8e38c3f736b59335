/* raw - fill an interface with what an Ethernet transport should not be moved by.
 *
 *     raw INTERFACE MAC N     N rounds of frames of EtherType 0x2121, to MAC and to all
 *
 * What a round has is in rounds[], and beacons of keys that nobody has. */

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "stages/lib/ether.h"

static const struct {
	bool    to_all;
	size_t  n;
	uint8_t bytes[8];
} rounds[] = {
	{ false, 1, { 0 } },                         /* no length                         */
	{ false, 3, { 0, 200, 0 } },                 /* shorter than it says, even padded */
	{ false, 1400, { 0, 0xff, 0xff } },          /* ... by far                        */
	{ false, 1400, { 0, 0x6e, 0x05 } },          /* 1390 bytes, for an MTU of less    */
	{ false, 60, { 7 } },                        /* neither data nor beacon           */
	{ false, 60, { 1, 2 } },                     /* a beacon of another version       */
	{ true, 60, { 0, 40, 0, 0, 0, 8, 0 } },      /* data to all                       */
	{ false, 60, { 0, 40, 0, 0, 0, 8, 0, 1 } },  /* a frame of no key                 */
	{ false, 60, { 0, 4, 0, 3, 0, 0, 0 } },      /* of no phase                       */
	{ false, 60, { 0, 3, 0, 0, 0, 0 } },         /* of no frame                       */
};

static uint32_t dice = 1;

static uint8_t throw(void)
{
	dice = dice * 1664525u + 1013904223u;
	return (uint8_t)(dice >> 24);
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(0x2121),
		                  .sll_halen = MR_ETHER_MAC };
	uint8_t mac[MR_ETHER_MAC], bytes[1500], beacon[34] = { 1, 1 };
	int fd = socket(AF_PACKET, SOCK_DGRAM, 0);

	if (argc != 4 || fd < 0 || !mr_mac_parse(argv[2], mac)) {
		fprintf(stderr, "usage: raw INTERFACE MAC N\n");
		return 2;
	}
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	for (int i = 0; i < atoi(argv[3]); i++) {
		for (size_t r = 0; r < sizeof rounds / sizeof rounds[0]; r++) {
			memset(bytes, 0, sizeof bytes);
			memcpy(bytes, rounds[r].bytes, sizeof rounds[r].bytes);
			memcpy(to.sll_addr, mac, sizeof mac);
			if (rounds[r].to_all)
				memset(to.sll_addr, 0xff, sizeof mac);
			sendto(fd, bytes, rounds[r].n, 0, (struct sockaddr *)&to, sizeof to);
		}
		for (size_t k = 2; k < sizeof beacon; k++)
			beacon[k] = throw();
		memset(to.sll_addr, 0xff, sizeof mac);
		if (sendto(fd, beacon, sizeof beacon, 0, (struct sockaddr *)&to, sizeof to) < 0)
			return 1;
	}
	return 0;
}
