/* parts.h - the functions the files of this folder share, in the order of a peer's life.
 *
 * All are called inside fips_node_handle (n->now and n->out are valid) unless marked otherwise.
 */
#ifndef FIPS_NODE_PARTS_H
#define FIPS_NODE_PARTS_H

#include "fips/node/state.h"

/* acts.c: push one action each. */
struct fips_action *fips_act(struct fips_node *n, enum fips_action_kind kind);
struct fips_action *fips_act_peer(struct fips_node *n, enum fips_action_kind kind,
                                  const struct fips_addr *peer);
void fips_act_raw(struct fips_node *n, const struct fips_via *via, const uint8_t *bytes,
                  size_t len);
void fips_act_link(struct fips_node *n, const struct fips_addr *peer, const uint8_t *bytes,
                   size_t len);
/* Bytes of a message that every link takes; any time. */
size_t fips_link_room(const struct fips_node *n);
/* Not sent while the session has no way. */
void fips_act_session(struct fips_node *n, const struct fips_addr *peer, uint8_t type,
                      const uint8_t *body, size_t len);
/* One FSP message of n bytes in a fresh envelope, by whoever leads to peer;
 * nobody: not sent, false. */
bool fips_act_datagram(struct fips_node *n, const struct fips_addr *peer, const uint8_t *fsp,
                       size_t len);
/* format is a literal: it tells the places of lines apart.  Of: it concerns this node above all. */
void fips_log(struct fips_node *n, enum fips_log level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void fips_log_of(struct fips_node *n, enum fips_log level, const struct fips_addr *of,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* From: where it came from ends the line; whom it concerns is not known. */
void fips_log_from(struct fips_node *n, enum fips_log level, const struct fips_via *from,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* words.c: what the data threads have written, no time later than now. */
struct fips_link_words    fips_words_link(const struct fips_node *n, const struct fips_addr *peer);
struct fips_session_words fips_words_session(const struct fips_node *n,
                                             const struct fips_addr *peer);

/* resend.c */
void fips_resend_start(const struct fips_node *n, struct fips_resend *r);
bool fips_resend_due(struct fips_node *n, struct fips_resend *r); /* and counts it */

/* peers.c: the table. */
struct fips_peer *fips_peer_find(struct fips_node *n, const struct fips_addr *addr);
struct fips_peer *fips_peer_up(struct fips_node *n, const struct fips_addr *addr);
struct fips_peer *fips_peer_of_prefix(struct fips_node *n, const uint8_t prefix[FIPS_PREFIX]);
struct fips_peer *fips_peer_of_via(struct fips_node *n, const struct fips_via *via);
struct fips_peer *fips_peer_add(struct fips_node *n, const uint8_t pub[FIPS_PUB_LEN],
                                const struct fips_addr *addr);
/* A configured one's place, when the table is made. */
void fips_peer_place(struct fips_node *n, unsigned slot, const struct fips_peer_config *config);
bool fips_peers_make_room(struct fips_node *n, bool for_configured);
bool fips_peer_superseded(const struct fips_peer *p, const uint8_t epoch[FIPS_EPOCH_LEN]);
void fips_peer_prove_epoch(struct fips_peer *p, const uint8_t epoch[FIPS_EPOCH_LEN]);
bool fips_peer_saw(const struct fips_peer *p, const uint8_t ephemeral[FIPS_EPHEMERAL]);
void fips_peer_see(struct fips_peer *p, const uint8_t ephemeral[FIPS_EPHEMERAL]);
/* Is it linked, and known to be there?  What set up an unproven link may have been a replay: it
 * keeps us from nothing, and nothing but the answer goes by it.  Any time. */
static inline bool fips_peer_proven(const struct fips_peer *p)
{
	return p->up && p->send->proven;
}
const char *fips_peer_name(const struct fips_peer *p, char text[FIPS_ADDR_TEXT]);
void fips_peers_name(struct fips_node *n); /* look all names up again; any time */
/* Do the access lists admit this node?  If not it is counted. */
bool fips_peer_admitted(struct fips_node *n, const struct fips_addr *addr);
bool fips_index_draw(struct fips_node *n, uint32_t *index);

/* node.c */
const char *fips_node_wrong(const struct fips_node_config *config); /* any time */
void fips_node_buckets(struct fips_node *n); /* full ones, as the limits say */

/* found.c: somebody says that he is there. */
void fips_found(struct fips_node *n, const uint8_t xonly[FIPS_XONLY_LEN],
                const struct fips_via *via);

/* dial.c: our own message 1s. */
void fips_dial_begin(struct fips_node *n, struct fips_peer *p);
void fips_dial_end(struct fips_node *n, struct fips_peer *p);
bool fips_dial_write(struct fips_node *n, struct fips_peer *p, struct fips_dial *d,
                     const struct fips_via *via); /* message 1 is under way */
bool fips_dial_room(const struct fips_node *n); /* for one more message 1? any time */
void fips_dial_cancel(struct fips_node *n, struct fips_dial *d);
void fips_dial_unlisted(struct fips_node *n, struct fips_peer *p);
void fips_dial_retry(struct fips_node *n, struct fips_peer *p);
void fips_dial_timer(struct fips_node *n, struct fips_peer *p);
uint64_t fips_dial_due(const struct fips_peer *p, const struct fips_node *n); /* any time */
void fips_dial_vias(struct fips_node *n, struct fips_peer *p, const struct fips_via *vias,
                    unsigned count);
void fips_dial_msg2(struct fips_node *n, const uint8_t *bytes, const struct fips_via *via);

/* answer.c: the message 1s of others. */
void fips_answer_msg1(struct fips_node *n, const uint8_t *bytes, const struct fips_via *via);

/* links.c: keys of a link and which one is sent with. */
struct fips_link_key *fips_link_key_find(struct fips_peer *p, uint64_t id);
/* proven: of an answer to us, which always gets a slot; else home: of a message 1 that came from an
 * address of the peer's.  NULL: there is no slot for it now. */
struct fips_link_key *fips_link_key_new(struct fips_node *n, struct fips_peer *p, bool proven,
                                        bool home);
void fips_link_key_retire(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key);
void fips_link_install(struct fips_node *n, struct fips_peer *p, const struct fips_link_key *key,
                       const struct fips_ik *ik);
void fips_link_up(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key);
void fips_link_dialled(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key);
void fips_link_confirmed(struct fips_node *n, struct fips_peer *p, const struct fips_input *in);
void fips_link_keys_timer(struct fips_node *n, struct fips_peer *p);
uint64_t fips_link_keys_due(const struct fips_peer *p, const struct fips_node *n); /* any time */

/* link_rekey.c: new keys for a link, at our wish. */
void fips_link_rekey_plan(struct fips_node *n, struct fips_peer *p);
void fips_link_rekey_answered(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key);
void fips_link_rekey_cancel(struct fips_node *n, struct fips_peer *p); /* if there is one */
bool fips_link_rekey_pending(const struct fips_peer *p); /* answered, not cut over; any time */
void fips_link_rekey_timer(struct fips_node *n, struct fips_peer *p);
uint64_t fips_link_rekey_due(const struct fips_peer *p); /* any time */
uint64_t fips_rekey_spread(struct fips_node *n); /* drawn from [0, twice the jitter], ns */
void fips_link_down(struct fips_node *n, struct fips_peer *p, bool lost);

/* hops.c: which neighbour a datagram leaves by. */
/* By the mesh left out; any time. */
struct fips_peer *fips_hop_near(struct fips_node *n, const struct fips_addr *dest);
struct fips_peer *fips_hop_to(struct fips_node *n, const struct fips_addr *dest); /* any time */
void fips_hop_up(struct fips_node *n, struct fips_peer *p);
void fips_hop_down(struct fips_node *n, struct fips_peer *p);

/* keepalive.c: heartbeats, silence, goodbyes, and what a neighbour says. */
void fips_link_heartbeat(struct fips_node *n, struct fips_peer *p);
void fips_link_message(struct fips_node *n, const struct fips_input *in);
void fips_link_disconnect(struct fips_node *n, struct fips_peer *p);
void fips_link_alive_timer(struct fips_node *n, struct fips_peer *p);
uint64_t fips_link_alive_due(const struct fips_peer *p); /* any time */
void fips_node_stop_some(struct fips_node *n);

/* session_table.c.  Add: addr has none; by: the neighbour that brought its setup, or NULL; ours:
 * somebody here wants it.  NULL: no place, which is counted. */
struct fips_session *fips_session_find(struct fips_node *n, const struct fips_addr *addr);
/* Its other end has become a neighbour or a configured peer, or is one no more. */
void fips_session_kin(struct fips_node *n, const struct fips_addr *addr);
struct fips_session *fips_session_add(struct fips_node *n, const struct fips_addr *addr,
                                      const struct fips_peer *by, bool ours);
void fips_session_drop(struct fips_node *n, struct fips_session *s);
struct fips_papers *fips_session_papers(struct fips_node *n, const struct fips_session *s);

/* sessions.c: keys, and the life of an established session. */
struct fips_session_key *fips_session_key_install(struct fips_node *n, struct fips_session *s,
                                              const struct fips_xk *xk);
void fips_session_use(struct fips_node *n, struct fips_session *s, struct fips_session_key *key);
void fips_session_established(struct fips_node *n, struct fips_session *s,
                              struct fips_session_key *key);
void fips_session_cut_over(struct fips_node *n, struct fips_session *s,
                           struct fips_session_key *key);
void fips_session_key_retire(struct fips_node *n, struct fips_session *s,
                             struct fips_session_key *key);
void fips_session_give_up(struct fips_node *n, struct fips_session *s);
bool fips_session_taken(struct fips_node *n, struct fips_session *s);
void fips_session_confirmed(struct fips_node *n, const struct fips_input *in);
void fips_session_timer(struct fips_node *n, struct fips_session *s);
uint64_t fips_session_due(const struct fips_session *s, const struct fips_node *n); /* any time */

/* session_route.c: its way.  Route says it in any case,
 * relook only if it is another one than before. */
void fips_session_route(struct fips_node *n, struct fips_session *s);
void fips_session_found(struct fips_node *n, struct fips_session *s); /* it has been looked up */
void fips_session_relook(struct fips_node *n, struct fips_session *s);
void fips_sessions_relook(struct fips_node *n);
/* Where they are, to go beside our own place into a message of `fixed` bytes without addresses.
 * False: it is not known, or does not fit. */
bool fips_session_their_place(struct fips_node *n, const struct fips_addr *them, size_t fixed,
                        struct fips_treepath *theirs);
void fips_session_warmup(struct fips_node *n, struct fips_session *s); /* once */
void fips_session_warm(struct fips_node *n, struct fips_session *s);   /* now, and a second later */
/* Soon: ours or theirs is another. */
void fips_session_place(struct fips_node *n, struct fips_session *s);
void fips_sessions_place(struct fips_node *n); /* ... for all of them */
/* The time for it has come, once. */
bool fips_session_placed(struct fips_node *n, struct fips_session *s);
void fips_session_warmup_timer(struct fips_node *n, struct fips_session *s);

/* session_mtu.c: what a path takes, and telling the other end. */
void fips_session_reroute(struct fips_node *n, struct fips_session *s);
void fips_session_mtu_claimed(struct fips_node *n, struct fips_session *s,
                              const struct fips_input *in);
void fips_session_mtu_start(struct fips_node *n, struct fips_session *s);
void fips_session_mtu_timer(struct fips_node *n, struct fips_session *s);

/* session_start.c: setups of ours. */
bool fips_session_build_setup(struct fips_node *n, struct fips_session *s);
void fips_session_send_setup(struct fips_node *n, const struct fips_session *s);
void fips_session_initiate(struct fips_node *n, const struct fips_addr *addr);
void fips_session_ack(struct fips_node *n, struct fips_peer *link, const struct fips_addr *src,
                      const uint8_t *fsp, size_t len);
void fips_session_start_timer(struct fips_node *n, struct fips_session *s);
void fips_session_start_wipe(struct fips_session *s); /* any time */

/* session_rekey.c: new keys for a session, at our wish. */
void fips_session_rekey_plan(struct fips_node *n, struct fips_session *s);
void fips_session_rekey_answered(struct fips_node *n, struct fips_session *s);
/* Begin one now, since the other side seems to have other keys.  False: nothing can be begun. */
bool fips_session_renew(struct fips_node *n, struct fips_session *s);
/* The key it moved to says nothing: any time. */
bool fips_session_unheard(const struct fips_session *s);
void fips_session_rekey_timer(struct fips_node *n, struct fips_session *s);
uint64_t fips_session_rekey_due(const struct fips_session *s); /* any time */

/* session_answer.c: setups of others, first ones and rekeys. */
void fips_session_setup(struct fips_node *n, struct fips_peer *link, const struct fips_addr *src,
                        const uint8_t *fsp, size_t len);
void fips_session_msg3(struct fips_node *n, struct fips_peer *link, const struct fips_addr *src,
                       const uint8_t *fsp, size_t len);
void fips_session_answer_timer(struct fips_node *n, struct fips_session *s);
/* A first setup of ours waits for the end of theirs. */
bool fips_session_yields(const struct fips_session *s);
bool fips_session_half_open(const struct fips_session *s); /* any time */

/* datagrams.c: what comes end to end. */
void fips_node_datagram(struct fips_node *n, const struct fips_input *in);
void fips_node_body(struct fips_node *n, const struct fips_input *in);

/* session_signal.c */
/* What leaves does not seem to arrive. */
void fips_session_doubt(struct fips_node *n, struct fips_session *s);
/* False: nothing to do with us. */
bool fips_session_came_back(struct fips_node *n, const struct fips_addr *dest);
void fips_session_signal(struct fips_node *n, const struct fips_addr *src, const uint8_t *fsp,
                         size_t len);

/* mesh_forwards.c: others' datagrams.  The timer takes up to 16 actions, the tick as many;
 * congestion is told of a peer that is up. */
void fips_node_forward(struct fips_node *n, const struct fips_addr *dest);
void fips_node_learned(struct fips_node *n, const struct fips_input *in);
void fips_node_undelivered(struct fips_node *n, const struct fips_input *in);
uint64_t fips_forwards_due(const struct fips_node *n); /* any time */
void fips_forwards_timer(struct fips_node *n);
void fips_forwards_tick(struct fips_node *n);
uint64_t fips_congestion_due(const struct fips_peer *p); /* any time */
void fips_congestion_timer(struct fips_node *n, struct fips_peer *p);

/* destinations.c: what packets without a session want.
 * A key is valid until the next node is met; NULL: not known. */
const uint8_t *fips_whose_key(struct fips_node *n, const struct fips_addr *addr);
/* There is one with this key. */
void fips_node_meet(struct fips_node *n, const uint8_t pub[FIPS_PUB_LEN]);
void fips_node_resolve(struct fips_node *n, const uint8_t prefix[FIPS_PREFIX]);
/* Look for it, and begin a session when it is found.  stray: no packet waits for it.  False: there
 * is nobody to ask, or no room. */
bool fips_destination_seek(struct fips_node *n, const struct fips_addr *addr, bool stray);
struct fips_wanted *fips_wanted_find(struct fips_node *n, const struct fips_addr *addr);
void fips_wanted_until(struct fips_node *n, const struct fips_addr *addr,
                       uint64_t until); /* if it is */
/* Look for a way to it, soon. */
void fips_wanted_again(struct fips_node *n, const struct fips_addr *addr);
void fips_wanted_look(struct fips_node *n); /* ... to each of them */
/* It has a route; it has none, and its packets are to be answered. */
void fips_destination_reached(struct fips_node *n, const struct fips_addr *addr);
void fips_destination_failed(struct fips_node *n, const struct fips_addr *addr);
/* What became of a lookup: its coordinates are in the cache; nobody has answered. */
void fips_destination_found(struct fips_node *n, const struct fips_addr *addr);
void fips_destination_lost(struct fips_node *n, const struct fips_addr *addr);
/* Its place is known to be elsewhere: its session and its packets look for their way again. */
void fips_destination_moved(struct fips_node *n, const struct fips_addr *addr);
void     fips_wanted_timer(struct fips_node *n, struct fips_wanted *w);
uint64_t fips_wanted_due(const struct fips_wanted *w); /* any time */

/* recover.c: sealed messages that cannot be read. */
void fips_node_stray(struct fips_node *n, const struct fips_addr *addr);
void fips_node_unreadable(struct fips_node *n, const struct fips_addr *addr);

/* reports.c */
void fips_reports_start(struct fips_node *n, struct fips_reporting *r);
void fips_link_reports_timer(struct fips_node *n, struct fips_peer *p);
void fips_session_reports_timer(struct fips_node *n, struct fips_session *s);
uint64_t fips_reports_due(const struct fips_reporting *r, enum fips_mmp mode); /* any time */
void fips_link_snapshot_in(struct fips_node *n, const struct fips_input *in);
void fips_session_snapshot_in(struct fips_node *n, const struct fips_input *in);
void fips_link_report(struct fips_node *n, struct fips_peer *p, const struct fips_input *in);
void fips_session_report(struct fips_node *n, struct fips_session *s, const struct fips_input *in);

/* configure.c: other settings while it runs.  A peer that changed is seen to by a timer. */
void fips_node_take(struct fips_node *n, const struct fips_node_config *config); /* any time */
void fips_peer_take(struct fips_peer *p, const struct fips_peer_config *config); /* any time */
void fips_node_configure(struct fips_node *n, const struct fips_node_config *config);
void fips_peer_changed(struct fips_node *n, struct fips_peer *p);

/* dues.c: whatever finds a slot for somebody to change it marks it. */
/* Before the tables are that large; any time. */
bool fips_dues_reserve(struct fips_node *n, unsigned slots);
unsigned fips_slots(const struct fips_node *n); /* of all tables; any time */
void fips_dues_close(struct fips_node *n); /* any time */
void fips_mark_peer(struct fips_node *n, const struct fips_peer *p);
void fips_mark_session(struct fips_node *n, const struct fips_session *s);
void fips_mark_wanted(struct fips_node *n, const struct fips_wanted *w);
void fips_mark_meshed(struct fips_node *n); /* all neighbours: something is owed to each, perhaps */
void fips_mark_all(struct fips_node *n);
void fips_dues_look(struct fips_node *n); /* at those that are marked */
uint64_t fips_dues_first(const struct fips_node *n); /* any time */
uint64_t fips_slot_due(const struct fips_node *n, unsigned slot); /* any time */

/* timers.c */
void fips_timers_run(struct fips_node *n);
uint64_t fips_timers_next(struct fips_node *n);
uint64_t fips_timers_scan(const struct fips_node *n); /* the same by looking at all; any time */
uint64_t fips_peer_due(const struct fips_node *n, const struct fips_peer *p); /* any time */

#endif
