/* rig.h - one stage alone, called through its descriptor by the real runtime.
 *
 * The rig builds a graph of four stages on one worker, without threads: `feed` hands packets to
 * the stage under test, `catch` keeps what it emits, `ears` hears what it tells control.  Nothing
 * runs unless the test says so, and closing the rig fails the test if a packet went nowhere or two
 * ways.
 *
 *     struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
 *     rig_feed(rig, "ip", packet, n);
 *     ck_assert_str_eq(rig_run(rig), "seal");
 *     rig_close(rig);
 */
#ifndef MR_T_RIG_H
#define MR_T_RIG_H

#include <ck_epoch.h>

#include "core/engine.h"
#include "core/stage.h"

struct rig;

/* A stage of this kind with these graph settings and this node file (both JSON texts; node may be
 * NULL).  Fails the test when it does not open. */
struct rig *rig_open(const struct mr_kind *kind, const char *settings, const char *node);

/* Rigs opened from now on seal and open with this provider; NULL: the built-in one. */
void rig_aead(const struct mr_aead *aead);

/* Rigs opened from now on ask this for the time, and rig_at has no say; NULL: rig_at says it. */
void rig_clock(uint64_t (*now)(void));

/* The complaints when it should not open (malloc'd text, one a line), or NULL if it opened. */
char *rig_refusal(const struct mr_kind *kind, const char *settings, const char *node);

/* Exchange the graph for one in which the stage has these settings, which differ.  NULL, or why not
 * (malloc'd text): then all is as before. */
char *rig_swap(struct rig *rig, const char *settings);

/* What open complained of all the same: its warnings (malloc'd text, one a line). */
char *rig_warnings(struct rig *rig);

/* Have the stage's pull() called when fd is readable, as if its open had asked for it. */
void rig_watch(struct rig *rig, int fd);

/* Time the stage sees, ns; starts at 1 s.  Never goes back. */
void rig_at(struct rig *rig, uint64_t now);

/* A packet for an input in the next run: a copy of the bytes at the usual headroom.  The returned
 * packet may be given near, far, mark, ... before the run. */
struct mr_pkt *rig_feed(struct rig *rig, const char *input, const void *bytes, size_t n);

/* The same in a slice of a slab, as rx hands on what came with others (UDP_GRO): there is no more
 * room than this in front and behind.  Whoever writes beyond it fails the test when the rig
 * stops. */
struct mr_pkt *rig_feed_slice(struct rig *rig, const char *input, const void *bytes, size_t n,
                              uint32_t headroom, uint32_t tailroom);

/* Turns until nothing happens.  Returns where the last packet fed went: an output's or a drop's
 * name, "taken", "kept" or "nowhere" (none was fed). */
const char *rig_run(struct rig *rig);

/* Oldest packet that left by this output and has not been looked at; NULL when there is none.  It
 * stays valid until the next rig_run. */
struct mr_pkt *rig_out(struct rig *rig, const char *output);

/* Feed all that left by an output of one rig to an input of another, with all that was learnt.
 * Returns how many. */
unsigned rig_carry(struct rig *from, const char *output, struct rig *to, const char *input);

/* Apply an order at once. */
void rig_order(struct rig *rig, struct mr_order *order);

/* Oldest event told and not looked at; false when there is none. */
bool rig_event(struct rig *rig, struct mr_event *event);

/* Hold back what leaves by these outputs (bits by index) from now on, and let the others go: the
 * stage is then called only for inputs that reach none of them. */
void rig_block(struct rig *rig, uint32_t outputs);

/* Counters by name: common words ("in", "made", "out", "taken", "held"), drops or own counters. */
uint64_t rig_count(struct rig *rig, const char *name);

/* Does the stage hold this input back? */
bool rig_holds(struct rig *rig, const char *input);

/* Take packets out of the pool until `left` are in it;
 * and put them back, before the rig is closed. */
void rig_dry(struct rig *rig, unsigned left);
void rig_wet(struct rig *rig);

/* The pool of the stage's worker. */
struct mr_pool *rig_pool(struct rig *rig);

/* An opened resource by its descriptor, the stage's state,
 * and the epoch record table writes take. */
void *rig_use(struct rig *rig, const struct mr_resource *resource);
void *rig_state(struct rig *rig);
ck_epoch_record_t *rig_epoch(struct rig *rig);

/* The runtime it stands in, for who measures: replica 0 is the stage, its outputs lead inline. */
struct mr_engine *rig_engine(struct rig *rig);

/* Assert that every packet so far went exactly one way. */
void rig_conserved(const struct rig *rig);

/* Flush, as a worker does when it stops; counters may be read until rig_close. */
void rig_stop(struct rig *rig);

/* Flush, close, and assert that packets are conserved and all at home. */
void rig_close(struct rig *rig);

#endif
