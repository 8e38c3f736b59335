/* craft.h - what the data stages meet, made by hand: table entries as control would put them, and
 * frames and messages sealed straight from the layouts of link.md 3.4 and session.md 2.5.
 *
 * Three nodes have names here; two are those of session_vectors.json.
 */
#ifndef T_LIB_CRAFT_H
#define T_LIB_CRAFT_H

#include <stddef.h>
#include <stdint.h>

#include "fips/path/entry.h"
#include "t/lib/keys.h"
#include "t/lib/rig.h"

#define CRAFT_A "0101010101010101010101010101010101010101010101010101010101010101"
#define CRAFT_B "0202020202020202020202020202020202020202020202020202020202020202"

/* A node file: whose secret key, and the object at transports.udp. */
#define CRAFT_NODE(secret, udp)                                                     \
	"{\"node\":{\"identity\":{\"nsec\":\"" secret "\"}},\"transports\":{\"udp\":" \
	udp "}}"
#define CRAFT_UDP "{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472}"

extern const struct fips_addr craft_a, craft_b, craft_t; /* node addresses; T is a third one */

/* ---- table entries; objects stay the caller's ---- */

/* A receiver index of ours; recv NULL: expected.  Each replaces an entry there is. */
void craft_index(struct rig *rig, uint32_t index, const struct fips_addr *peer, uint64_t link,
                 struct fips_link_recv *recv, struct fips_recv_key *key);
void craft_index_gone(struct rig *rig, uint32_t index);

/* A neighbour; via NULL: none.  Returns its handle. */
uint64_t craft_link(struct rig *rig, const struct fips_addr *peer, struct fips_send_key *send,
                    const struct fips_via *via, uint16_t mtu);
void     craft_link_gone(struct rig *rig, const struct fips_addr *peer);

/* An endpoint; expected unless send or recv is given.  Returns its handle. */
uint64_t craft_session(struct rig *rig, const struct fips_addr *peer, struct fips_send_key *send,
                       struct fips_session_recv *recv, uint16_t path_mtu);
void     craft_session_gone(struct rig *rig, const struct fips_addr *peer);

/* The same with the keys that messages of it may be sealed to us under, newest first:
 * for `open`. */
uint64_t craft_session_keys(struct rig *rig, const struct fips_addr *peer,
                            struct fips_session_recv *recv, struct keys *const *keys, unsigned n);

/* A key by itself, for `seal`: fills in its handle. */
void craft_key(struct rig *rig, struct fips_send_key *send);
void craft_key_gone(struct rig *rig, const struct fips_send_key *send);

/* ---- bytes; each returns how many ---- */

/* A frame whose plaintext is text: the timestamp and what follows it, any length. */
size_t craft_frame(uint8_t *out, const uint8_t key[MR_AEAD_KEY], uint32_t index, uint64_t counter,
                   uint8_t flags, const void *text, size_t n);

/* A SessionDatagram around n bytes of payload. */
size_t craft_datagram(uint8_t *out, const struct fips_addr *src, const struct fips_addr *dest,
                      uint16_t path_mtu, const void *payload, size_t n);

/* An FSP message whose plaintext is text, any length; coords are the n_coords bytes between header
 * and text, with FIPS_FSP_CP in flags. */
size_t craft_message(uint8_t *out, const uint8_t key[MR_AEAD_KEY], uint64_t counter, uint8_t flags,
                     const void *coords, size_t n_coords, const void *text, size_t n);

/* The same inside a datagram from src to dest, path MTU 1472, without coordinates. */
size_t craft_sealed(uint8_t *out, const struct fips_addr *src, const struct fips_addr *dest,
                    const uint8_t key[MR_AEAD_KEY], uint64_t counter, uint8_t flags,
                    const void *text, size_t n);

/* An IPv6 packet of n bytes (n >= 48) with an UDP header, from and to the mesh addresses of two
 * nodes; the bytes behind are a pattern that `seed` changes. */
size_t craft_ip(uint8_t *out, const struct fips_addr *src, const struct fips_addr *dest,
                uint8_t seed, size_t n);

/* ---- what came out ---- */

/* The rig's drop counters by name, all at once: fail unless they are 0 but for `name` (NULL: all),
 * which is n. */
void craft_drops(struct rig *rig, const struct mr_kind *kind, const char *name, uint64_t n);

/* No event waits. */
void craft_silent(struct rig *rig);

/* An UDP socket of the test on loopback, family AF_INET or AF_INET6, and its address. */
int craft_socket(int family, struct fips_via *via);

/* The address a socket is bound to, as a via of instance 0. */
void craft_bound(int fd, struct fips_via *via);

/* Lay down or take up CAP_NET_ADMIN; nothing happens where there is none. */
void craft_net_admin(bool up);

#endif
