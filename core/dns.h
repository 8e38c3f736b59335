/* dns.h - answer questions for addresses of names, on main's loop.
 *
 * A responder, no resolver: it knows the names of one domain, asks nobody, and what it does not
 * know does not exist.  libevent's evdns reads the questions and writes the answers.
 *
 *   the first question is         answered with
 *   AAAA of a name there is       the address, authoritative
 *   anything else of such a name  no records
 *   of any other name             NXDOMAIN
 *
 * What is no question is not answered.  An answer is as long as its question and one record.
 */
#ifndef MR_CORE_DNS_H
#define MR_CORE_DNS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/loop.h"

struct mr_dns;

struct mr_dns_wish {
	const char *bind;    /* numeric IPv6 or IPv4 address; on "::" IPv4 is heard too      */
	uint16_t    port;    /* 0: any                                                       */
	uint32_t    ttl;     /* s                                                            */
	unsigned    deaf_to; /* index of a device whose questions are not heard; 0: none     */
};

/* Has the name, as it was asked for and without a dot at the end, an address?  Called on main. */
enum mr_dns_answer {
	MR_DNS_NONE,    /* there is no such name                                         */
	MR_DNS_EMPTY,   /* there is, and it has none: names below it may exist (RFC 8020)  */
	MR_DNS_ADDRESS, /* ip is set                                                     */
	MR_DNS_LATER,   /* not to be told now: the question gets no answer               */
};
typedef enum mr_dns_answer mr_dns_handler(void *arg, const char *name, uint8_t ip[16]);

/* Is this an address that can be bound to?  Any time. */
bool mr_dns_address_valid(const char *bind);

/* NULL with a sentence in *wrong, static.  Main only, as is all here. */
struct mr_dns *mr_dns_open(struct mr_loop *l, const struct mr_dns_wish *wish,
                           mr_dns_handler *handler, void *arg, const char **wrong);
uint16_t mr_dns_port(const struct mr_dns *dns);
void mr_dns_close(struct mr_dns *dns); /* NULL is fine */

#endif
