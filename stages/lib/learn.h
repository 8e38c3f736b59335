/* learn.h - where nodes are, as datagrams that pass say: told to control, and no more often than it
 * can use.
 *
 *     datagram ---> coordinate lists of its two ends (fips/path/learn.h) ---> MR_SHAPE_LEARNED
 *
 * A list goes to control in a packet of its own: node address, then the list as on the wire.  It is
 * small, and in the order of the datagrams it came with: a question about a node follows what was
 * learnt of it.
 *
 * One node's list is told every 100 ms at most, be it the same: control may not have believed it,
 * or has forgotten it since our own place is another, or heard an older one from somebody else just
 * now; whoever says it again does so because somebody complained.  Nobody vouches for any of it.
 * The lists of all nodes that come by one neighbour have a limit too.  What is not told is learnt
 * from a later datagram. */
#ifndef MR_STAGES_LEARN_H
#define MR_STAGES_LEARN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/stage.h"
#include "fips/path/bucket.h"
#include "fips/path/learn.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"

#define MR_LEARN_GAP   (100 * MR_NS_PER_MS) /* between two lists of one node            */
#define MR_LEARN_NODES 256    /* remembered; by a byte of an address, which is a hash   */
#define MR_LEARN_LINKS 64     /* neighbours told apart                                  */
#define MR_LEARN_BURST 256    /* lists that one of them may bring at once ...           */
#define MR_LEARN_RATE  256000 /* ... and thousandths a second                           */

/* All zero: nothing has been told.  One owner. */
struct mr_learner {
	struct {
		struct fips_addr node;
		uint64_t         at; /* ns; 0: never                                    */
	} told[MR_LEARN_NODES];
	struct fips_bucket link[MR_LEARN_LINKS];
	bool               open; /* the buckets are full                                */
};

/* May there be lists in it?  Says no to nearly all that passes;
 * the datagram has FIPS_DATAGRAM_HEAD bytes or more. */
static inline bool mr_learn_worth(const uint8_t *datagram, size_t n)
{
	const uint8_t *fsp = datagram + FIPS_DATAGRAM_HEAD;

	return n >= FIPS_DATAGRAM_HEAD + FIPS_FSP_PREFIX && (fsp[0] || (fsp[1] & FIPS_FSP_CP));
}

/* Learn from a datagram that is worth it; `ours`: it is for us, and where we are is no news.  What
 * is new leaves by output `out`, as long as `left` places are still free there; *told counts it.
 * The packet's near is the link it came by. */
enum fips_learn mr_learn(struct mr_learner *l, const struct mr_pkt *p, bool ours, unsigned out,
                         unsigned left, unsigned *told, struct mr_turn *t);

/* A packet of n bytes for control in front of what follows, by `out`.  False: there is no packet or
 * no room for one beside `left` others. */
bool mr_tell_bytes(unsigned out, unsigned left, uint8_t mark, const struct fips_addr *node,
                   const uint8_t *bytes, size_t n, const struct mr_pkt *of, struct mr_turn *t);

#endif
