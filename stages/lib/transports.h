/* transports.h - all transports as control sees them: whose address is which, what a text means.
 *
 * A struct fips_via names the instance of a transport by number, and the number says which
 * transport that is and what the bytes behind it are:
 *
 *     from   transport                                         bytes
 *     0      UDP                                               address of a socket (sockaddr)
 *     8      TCP, an address to dial                           the same
 *     16     TCP, the far end of a connection it made to us    the same; nobody dials it
 *     24     Ethernet                                          address of an interface (6 bytes)
 */
#ifndef MR_STAGES_TRANSPORTS_H
#define MR_STAGES_TRANSPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "fips/path/via.h"

struct mr_json;
struct mr_udp;
struct mr_tcp;
struct mr_ether;

#define MR_VIA_TCP    8
#define MR_VIA_TCP_IN 16
#define MR_VIA_ETHER  24
#define MR_VIA_END    32

#define MR_VIA_ADDRESS 80 /* bytes of an address as text, with its NUL */
#define MR_VIA_TEXT    96 /* ... and of that with its transport's name    */

static inline bool mr_via_is_tcp(const struct fips_via *via)
{
	return via->instance >= MR_VIA_TCP && via->instance < MR_VIA_ETHER;
}

static inline bool mr_via_is_ether(const struct fips_via *via)
{
	return via->instance >= MR_VIA_ETHER && via->instance < MR_VIA_END;
}

/* Borrowed; const after open. */
struct mr_transports {
	const struct mr_udp *udp;
	const struct mr_tcp *tcp;
	const struct mr_ether *ether;
};

/* The largest frame that each can carry, and which answer strangers (bits by instance). */
uint16_t mr_transports_mtu(const struct mr_transports *all);
uint32_t mr_transports_accept(const struct mr_transports *all);

/* Has the node file a transport beside this one ("udp")?  doc may be NULL.  Setup only. */
bool mr_transports_besides(const struct mr_json *doc, const char *which);

/* What a peer's "transport" means: "udp", or "udp/lan", an instance of it.  Bits by instance of
 * those that may be; 0: none is configured. */
uint32_t mr_transports_named(const struct mr_transports *all, const char *text);

/* Is it a transport's name, whether there is such a one or not?  And one that is not built? */
bool mr_transport_known(const char *text);
bool mr_transport_later(const char *text);

/* Make a via of a numeric host:port, or of "interface/aa:bb:cc:dd:ee:ff", by the first of `which`
 * that can have it: NULL, or what is wrong. */
const char *mr_transports_parse(const struct mr_transports *all, uint32_t which, const char *text,
                                struct fips_via *via);

/* The same of an address of a socket; false: none of them can have it. */
bool mr_transports_reach(const struct mr_transports *all, uint32_t which, const void *address,
                         uint16_t len, struct fips_via *via);

/* Is it such a text, whatever transports there are?  NULL: it is. */
const char *mr_transport_address_wrong(const char *text);

/* "10.0.0.1:2121", "tcp 10.0.0.1:8443", "ethernet aa:bb:cc:dd:ee:ff" */
void mr_via_text(const struct fips_via *via, char text[MR_VIA_TEXT]);

/* The same without the transport's name. */
void mr_via_address(const struct fips_via *via, char text[MR_VIA_ADDRESS]);

#endif
