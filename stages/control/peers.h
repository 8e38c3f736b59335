/* peers.h - the peers of the node file. */
#ifndef MR_STAGES_CONTROL_PEERS_H
#define MR_STAGES_CONTROL_PEERS_H

#include "stages/control/state.h"

struct mr_peers_conf {
	struct mr_list peers;
};

extern const struct mr_field mr_peers_fields[];

/* One of them, as decoded, and one of its addresses. */
struct address_conf {
	char    *transport, *addr;
	uint32_t priority;
};

struct peer_conf {
	char          *npub, *alias, *via;
	struct mr_list addresses;
	unsigned       policy; /* enum policy */
	bool           auto_reconnect, via_nostr;
};

/* Has neither addresses nor a neighbour that leads to it. */
bool mr_peer_nowhere(const struct peer_conf *peer);

/* Fill in who is behind whom, of the n configured peers.  failed: complaints were made, -1, else 0;
 * returns the same when nothing else is wrong. */
int mr_peers_behind(const struct control *c, const struct mr_peers_conf *conf,
                    struct fips_peer_config *peers, unsigned n, int failed, struct mr_setup *s);

/* What is wrong with the peers among one another, as far as it shows without opening anything
 * (mr_section.check). */
void mr_peers_check(const void *conf, const struct mr_json *doc, struct mr_report *report);

/* ... and between them and the transports. */
void mr_peers_reach(const struct mr_peers_conf *conf, const struct mr_json *doc,
                    struct mr_report *report);

/* Fill in the configured peers, and those of them whose addresses are names.  Complains of each
 * mistake and returns -1. */
int mr_peers_configure(struct control *c, const struct mr_peers_conf *conf,
                       struct control_settings *set, struct mr_setup *s);

/* One more peer, dialled on demand.  Complains and returns -1, set is then as it was. */
int mr_peers_add(struct control *c, const struct mr_guest *g, struct control_settings *set,
                 struct mr_setup *s);
/* Just the place, the caller's to close.  Complains and returns -1. */
int mr_peers_place(struct control *c, const struct mr_guest *g, struct control_named *place,
                   struct mr_setup *s);

/* ---- names.c: peers some of whose addresses are names ---- */

/* A place of the settings becomes this peer's, with its texts.  False: all are taken, and the
 * caller's it stays. */
bool mr_named_keep(struct control_settings *set, const struct control_named *peer);

/* One more address of a peer, a name or not, from `place`, behind those it has: questions under way
 * point at them.  False: it has as many as there may be, or no more peers may have names. */
bool mr_named_add(struct control *c, struct fips_peer_config *peer, struct control_named *place);

/* The peer is none any more, if it has names. */
void mr_named_leave(struct control *c, const struct fips_addr *addr);

/* Of all addresses as they are configured: fips_peer_config.names. */
uint64_t mr_named_hash(const struct control_named *peer);

/* Free its texts, and its place. */
void mr_named_close(struct control_named *peer);

#endif
