/* snapshot.h - what a report is built from, taken by the replica that owns the figures.
 *
 * Control asks by an order; the owner fills the report and begins a new interval; the answer goes
 * back as an event.  False means that nothing happened since the last report: none is due.
 *
 * A sender report counts frames and bytes under this key alone.  Who asks adds what was sent under
 * the link's or session's earlier keys (packets and bytes words of those keys).
 */
#ifndef FIPS_PATH_SNAPSHOT_H
#define FIPS_PATH_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "fips/path/key.h"
#include "fips/path/link_recv.h"
#include "fips/path/session_recv.h"
#include "fips/wire/report.h"

/* About the frames received under key, the one control sends under.  Owner of recv. */
bool fips_link_snapshot(struct fips_link_recv *recv, struct fips_recv_key *key, uint64_t now,
                        struct fips_receiver_report *out);

/* About the messages received under the current key.  Owner of recv. */
bool fips_session_snapshot(struct fips_session_recv *recv, uint64_t now,
                           struct fips_receiver_report *out);

/* About what was sent under key, link or session.  Owner of key->sent, or one of those that share
 * it. */
bool fips_sent_snapshot(struct fips_send_key *key, struct fips_sender_report *out);

#endif
