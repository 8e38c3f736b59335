/* blocks.h - the three blocks of a pcapng file that captures need (draft-ietf-opsawg-pcapng).
 *
 *     block := type(4) length(4) body padded to 4 length(4)        little-endian
 *     file  := section header, then interface descriptions and packets; an interface's number is
 *              the count of those before it
 *
 * Pure: bytes in, bytes out.  Link types are those of LINKTYPE_ (tcpdump.org/linktypes.html).
 */
#ifndef MR_PLUGINS_TAP_BLOCKS_H
#define MR_PLUGINS_TAP_BLOCKS_H

#include <stdint.h>

#include "fips/path/via.h"
#include "plugins/tap/note.h"

enum {
	LINK_RAW = 101,   /* an IP packet: a frame, in IP and UDP headers made up for it     */
	LINK_FRAME = 147, /* USER0: an FMP frame whose neighbour's address is not known      */
	LINK_MESSAGE,     /* USER1: a link message from its type byte                        */
	LINK_DATAGRAM,    /* USER2: a SessionDatagram from its type byte                     */
	LINK_BODY,        /* USER3: a session message, type byte and body                    */
	LINK_IPV6 = 229,
};

#define BLOCK_SECTION   128 /* bytes that each of these takes at most */
#define BLOCK_INTERFACE 192
#define BLOCK_HEAD      80  /* a packet's block before the captured bytes ... */
#define BLOCK_TAIL      20  /* ... and behind them                            */

/* Link type of a copy. */
unsigned block_link(const struct mr_pkt *copy);

/* Each returns how many bytes it wrote. */
uint32_t block_section(uint8_t out[BLOCK_SECTION]);
uint32_t block_interface(uint8_t out[BLOCK_INTERFACE], const char *name, unsigned link);

/* A packet's block around the bytes of the copy, which the caller puts between the two. */
struct block_packet {
	uint32_t interface;
	uint64_t time;  /* ns since 1970 */
	unsigned link;
};
struct block_ends {
	uint8_t  head[BLOCK_HEAD], tail[BLOCK_TAIL];
	uint32_t nhead, ntail;
};
void block_packet(struct block_ends *ends, const struct block_packet *b, const struct mr_pkt *copy,
                  const struct tap_note *note);

#endif
