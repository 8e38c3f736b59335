/* signal.h - the three error signals transit nodes send in clear (session.md 2.9).
 *
 *     prefix 00 04 len (4) | type (1) | 0 (1) | destination (16) | reporter (16) | by type:
 *     CoordsRequired nothing      PathBroken coordinate list      MtuExceeded mtu (2, LE)
 *
 * Nobody vouches for a signal: reporter is for logs, and nothing is ever answered to one.
 */
#ifndef FIPS_WIRE_SIGNAL_H
#define FIPS_WIRE_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/noise/address.h"
#include "fips/wire/coords.h"

enum fips_signal_type {
	FIPS_SIGNAL_COORDS_REQUIRED = 0x20,
	FIPS_SIGNAL_PATH_BROKEN     = 0x21,
	FIPS_SIGNAL_MTU_EXCEEDED    = 0x22,
};

/* FSP bytes, prefix included. */
#define FIPS_SIGNAL_COORDS_REQUIRED_LEN 38
#define FIPS_SIGNAL_PATH_BROKEN_LEN(n)  (38 + FIPS_COORDS_LEN(n))
#define FIPS_SIGNAL_MTU_EXCEEDED_LEN    40

struct fips_signal {
	enum fips_signal_type type;
	struct fips_addr      dest;     /* could not be reached                  */
	struct fips_addr      reporter; /* says so                               */
	struct fips_coords    coords;   /* PathBroken: last known, may be empty  */
	uint16_t              mtu;      /* MtuExceeded: of the link that refused */
};

/* Take a message apart that fips_fsp_check called a signal.  False: unknown type, bytes missing,
 * or no signal at all; drop. */
bool fips_signal_parse(const uint8_t *bytes, size_t n, struct fips_signal *out);

/* Build into room bytes.  Returns the length, or 0 when it does not fit. */
size_t fips_signal_build(uint8_t *out, size_t room, const struct fips_signal *signal);

#endif
