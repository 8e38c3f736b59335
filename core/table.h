/* table.h - a keyed table with one writer and many readers that never wait.
 *
 * Control writes; data threads read.  An entry is an immutable object of the caller's: to change
 * anything, build a new one and replace the old one whole.  What was replaced or removed is handed
 * to the table's `free` once no reader can still see it (ck_epoch).  Readers look up inside an
 * epoch section, which a worker opens once a turn; a pointer found is valid until that turn ends.
 *
 * Every key also has a handle: an array index instead of a hash.  Replacing an entry keeps its
 * handle; removing it makes the handle stale for ever.  Packets carry handles, never pointers.
 *
 *     63         32 31    20 19       0
 *    +-------------+--------+----------+
 *    | generation  |  hash  |   slot   |
 *    +-------------+--------+----------+
 *
 * The hash (mr_handle_hash) is a keyed mix of the key's first 15 bytes, or of all when it has
 * fewer.  Tables with one seed whose keys begin with the same 15 bytes give them the same hash: it
 * picks the replica that owns what belongs to these keys.
 */
#ifndef MR_CORE_TABLE_H
#define MR_CORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pkt.h"

#define MR_TABLE_MAX 0xfffff /* entries a table may have, less than 2^20 */

struct mr_table;
struct ck_epoch_record;

/* Table of at most `cap` entries, [1, MR_TABLE_MAX], with keys of `key_len` bytes (at most 32).
 * `free_entry` is called by the writer for each entry that was replaced, removed or left at close.
 * NULL: no memory.  `seed` keys the hash, so that strangers cannot choose colliding keys. */
struct mr_table *mr_table_open(uint32_t cap, uint32_t key_len, uint64_t seed,
                               void (*free_entry)(void *entry));
void mr_table_close(struct mr_table *t);

/* Readers: any thread, inside its epoch section.  NULL when absent or stale. */
const void *mr_table_find(const struct mr_table *t, const void *key);
const void *mr_table_at(const struct mr_table *t, uint64_t handle);
uint64_t    mr_table_handle(const struct mr_table *t, const void *key); /* or MR_NO_HANDLE */

/* A handle with the key's hash that finds nothing, now or later; never MR_NO_HANDLE.  Any thread,
 * at any time. */
uint64_t mr_table_unresolved(const struct mr_table *t, const void *key);

/* Writer only; `record` is the writer's own epoch record.  put inserts or replaces and returns the
 * handle, or MR_NO_HANDLE when the table is full (the entry then stays the caller's).  remove
 * returns false when the key is not there. */
uint64_t mr_table_put(struct mr_table *t, struct ck_epoch_record *record, const void *key,
                      void *entry);
bool     mr_table_remove(struct mr_table *t, struct ck_epoch_record *record, const void *key);
uint32_t mr_table_count(const struct mr_table *t);

#endif
