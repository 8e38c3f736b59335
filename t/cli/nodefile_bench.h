/* nodefile_bench.h - files to read in a folder of their own. */
#ifndef T_CLI_NODEFILE_BENCH_H
#define T_CLI_NODEFILE_BENCH_H

#include <check.h>
#include <sys/types.h>

#include "core/err.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A secret of the specification's examples (operations.md 11). */
#define HEX "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"

/* A fixture: this new folder is the current one, and gone with all that is in it. */
extern char folder[];
void in_folder(void);
void out_of_folder(void);

void write_file(const char *name, const char *text, mode_t mode);

/* The complaints, one a line; to be freed by the caller. */
char *printed(const struct mr_report *r);

/* The test's part about whose key a node has, and key files; wants the fixture. */
void nodefile_keys(TCase *disk);

#endif
