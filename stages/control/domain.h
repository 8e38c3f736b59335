/* domain.h - the names in .fips, and whom they mean (session.md 5.2, 5.8).
 *
 *     <name>.fips    a name of the hosts file, or an alias of the node file
 *     <npub>.fips    whoever has this key
 *
 * Case does not matter.  A key whose name was asked for is one that packets may be sent to from
 * then on: from an address alone it cannot be told.
 */
#ifndef MR_STAGES_CONTROL_DOMAIN_H
#define MR_STAGES_CONTROL_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/dns.h"

struct mr_domain_settings {
	bool        enabled;
	const char *bind; /* borrowed */
	uint16_t    port;
	uint32_t    ttl;  /* s */
};
struct mr_domain_settings mr_domain_settings(const void *control);

/* The address of a name, and its key known to the node in the next turn of control, which the
 * caller gives it before the address is told to anybody.  Main only, between turns of control. */
enum mr_dns_answer mr_domain_find(void *control, const char *name, uint8_t ip[16]);

#endif
