/* streams.h - the other ends of the TCP stage's connections: sockets of the test on loopback.
 *
 *     struct rig *rig = streams_open(STREAMS_NODE);
 *     int fd = streams_client(rig);
 *
 *     streams_frame(STREAMS_INDEX, 1, 60);
 *     streams_say(fd, streams_out.at, streams_out.n);
 *     streams_until(rig, "made", 1);
 *
 * Time is a number but for the moment that the kernel may need between two sockets of one machine.
 */
#ifndef T_LIB_STREAMS_H
#define T_LIB_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "t/lib/craft.h"

#define STREAMS_TCP(more) \
	"{\"node\":{\"identity\":{\"nsec\":\"" CRAFT_A "\"}},\"transports\":{\"tcp\":" \
	"{\"bind_addr\":\"127.0.0.1:0\"" more "}}}"
#define STREAMS_NODE  STREAMS_TCP("")
#define STREAMS_INDEX 0x11223344 /* of a live key, whose link is 77 */
#define STREAMS_MOST  1400       /* bytes of a frame                */

/* Bytes to be said, which these add to: a frame of n bytes under an index, numbered where its
 * counter is; handshake packets. */
struct streams_bytes {
	size_t  n;
	uint8_t at[400000];
};
extern struct streams_bytes streams_out;

void streams_frame(uint32_t index, uint32_t number, size_t n);
void streams_msg1(void);
void streams_msg2(void);

/* The stage with this node file, listening; streams_out is empty. */
struct rig *streams_open(const char *node);

/* A connection to it, and where the node has that. */
int streams_client(struct rig *rig);
struct fips_via streams_via(int fd);

/* A socket that listens, and its address for the node to dial. */
int streams_server(struct fips_via *via, int backlog);

/* Reading waits up to 10 s, or, impatient, for nothing. */
void streams_impatient(int fd, bool yes);

/* Turns until a counter is n; fails when it does not come to that. */
void streams_until(struct rig *rig, const char *count, uint64_t n);

void streams_say(int fd, const uint8_t *bytes, size_t n);

/* The counter of the next frame that is read, or -1 at the end;
 * fails when the stream has lost its step. */
int64_t streams_heard(int fd);

/* The node has closed it: nothing, or an error, is all there is to be read;
 * or it is there, and silent. */
bool streams_is_closed(int fd);
bool streams_is_there(int fd);

/* A frame of n bytes for an address. */
struct mr_pkt *streams_feed(struct rig *rig, const struct fips_via *via, uint32_t number, size_t n);

#endif
