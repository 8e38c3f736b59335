/* seal.h - an AEAD provider that simulations of hours can afford.
 *
 * It has core's interface and sizes and keeps the contract of core/aead.h: a text comes out again
 * under its key, counter and associated data alone, and a refused one leaves every byte.  Against
 * somebody who thinks it protects nothing.  Texts are one piece.
 */
#ifndef T_SIM_SEAL_H
#define T_SIM_SEAL_H

#include "core/aead.h"

extern const struct mr_aead sim_aead;

#endif
