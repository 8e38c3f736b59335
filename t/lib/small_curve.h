/* small_curve.h - a stand-in for secp256k1 that simulations can afford.
 *
 * Diffie-Hellman in the integers modulo 2^61 - 1: it agrees, it tells key pairs apart, and it
 * protects nothing.  A "point" is 02 and a 32-byte big-endian x below the modulus; either prefix
 * names the same point, as on the real curve.  A signature tells digests and signers apart, and
 * anybody can make it.
 */
#ifndef T_LIB_SMALL_CURVE_H
#define T_LIB_SMALL_CURVE_H

#include "fips/noise/curve.h"

struct fips_curve small_curve(void);

#endif
