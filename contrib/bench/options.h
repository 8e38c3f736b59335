/* options.h - what the options of the bench's programs have in common. */
#ifndef MR_BENCH_OPTIONS_H
#define MR_BENCH_OPTIONS_H

#include "core/aead.h"

/* The whole number that text is, from least to most; else says what `bench` wants, and exits with
 * 1.  text may be NULL. */
unsigned option_number(const char *bench, const char *option, const char *text, unsigned least,
                       unsigned most);

/* The AEAD provider of this name, or exits with 1; NULL: the one that a node would take. */
const struct mr_aead *option_aead(const char *bench, const char *name);

#endif
