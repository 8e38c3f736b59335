/* plane_facts.h - what a made-up data plane lets a node know of its keys: the words that data
 * threads write, and the figures of a report.
 * For those of node_plane.h and of t/sim, whose tables differ. */
#ifndef T_LIB_PLANE_FACTS_H
#define T_LIB_PLANE_FACTS_H

#include "fips/node/node.h"
#include "fips/path/link_recv.h"
#include "fips/path/session_recv.h"

/* Data threads read the clock themselves: times that they write may be this much ahead of the
 * node's. */
#define FACTS_AHEAD (2 * MR_NS_PER_MS)

/* Of a link, and of a live session, both with a key to send under.
 * data_at: ns, when data was sent last, 0: never. */
void facts_link_words(struct fips_link_words *out, const struct fips_link_recv *recv,
                      const struct fips_send_key *send);
void facts_session_words(struct fips_session_words *out, const struct fips_session_recv *recv,
                         const struct fips_send_key *send, uint64_t data_at);

/* The answer to a question for a report; the input points to what is beside it. */
struct facts_report {
	struct fips_sender_report   sender;
	struct fips_receiver_report receiver;
	struct fips_input           in;
};

/* The keys are the action's. */
const struct fips_input *facts_link_report(struct facts_report *out, const struct fips_action *act,
                                           struct fips_link_recv *recv, struct fips_send_key *send,
                                           struct fips_recv_key *key, uint64_t now);
const struct fips_input *facts_session_report(struct facts_report *out,
                                              const struct fips_action *act,
                                              struct fips_session_recv *recv,
                                              struct fips_send_key *send, uint64_t now);

#endif
