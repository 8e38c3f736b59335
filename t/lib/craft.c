/* craft.c - entries, frames and messages by hand; see craft.h. */
#include "t/lib/craft.h"

#include <linux/capability.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <check.h>

#include "core/wire.h"
#include "stages/lib/mesh.h"

const struct fips_addr craft_a = { { 0xec, 0x39, 0x25, 0xbd, 0xbd, 0x24, 0xaa, 0x1c, 0xfd, 0x00,
	                             0x2f, 0x9c, 0xcf, 0x52, 0xf2, 0xbc } };
const struct fips_addr craft_b = { { 0x46, 0xf6, 0x88, 0x03, 0xbb, 0xf3, 0x89, 0xe1, 0xdf, 0x0f,
	                             0x3e, 0x3a, 0xf3, 0x9c, 0x30, 0xc4 } };
const struct fips_addr craft_t = { { 0xca, 0x71, 0xca, 0x39, 0x63, 0xc5, 0xa8, 0x63, 0xff, 0x5f,
	                             0xd6, 0xca, 0x14, 0x08, 0x19, 0x81 } };

/* ---- table entries ---- */

static void *entry(size_t size)
{
	void *e = calloc(1, size);

	ck_assert_ptr_nonnull(e);
	return e;
}

void craft_index(struct rig *rig, uint32_t index, const struct fips_addr *peer, uint64_t link,
                 struct fips_link_recv *recv, struct fips_recv_key *key)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct fips_index_entry *e = entry(sizeof *e);
	uint8_t wire[4];

	mr_to_le32(wire, index);
	*e = (struct fips_index_entry){ .index = index, .live = recv != NULL, .peer = *peer,
		                        .link = link, .recv = recv, .key = key };
	ck_assert(mr_table_put(mesh->index, rig_epoch(rig), wire, e) != MR_NO_HANDLE);
}

void craft_index_gone(struct rig *rig, uint32_t index)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	uint8_t wire[4];

	mr_to_le32(wire, index);
	ck_assert(mr_table_remove(mesh->index, rig_epoch(rig), wire));
}

uint64_t craft_link(struct rig *rig, const struct fips_addr *peer, struct fips_send_key *send,
                    const struct fips_via *via, uint16_t mtu)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct fips_link_entry *e = entry(sizeof *e);

	*e = (struct fips_link_entry){ .peer = *peer, .send = send, .mtu = mtu, .proven = true };
	if (via)
		e->via = *via;
	return mr_table_put(mesh->links, rig_epoch(rig), peer->b, e);
}

void craft_link_gone(struct rig *rig, const struct fips_addr *peer)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);

	ck_assert(mr_table_remove(mesh->links, rig_epoch(rig), peer->b));
}

uint64_t craft_session(struct rig *rig, const struct fips_addr *peer, struct fips_send_key *send,
                       struct fips_session_recv *recv, uint16_t path_mtu)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct fips_session_entry *e = entry(sizeof *e);

	*e = (struct fips_session_entry){ .peer = *peer, .live = send || recv, .path_mtu = path_mtu,
		                          .k = send ? send->k : 0, .send = send, .recv = recv };
	return mr_table_put(mesh->sessions, rig_epoch(rig), peer->b, e);
}

void craft_session_gone(struct rig *rig, const struct fips_addr *peer)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);

	ck_assert(mr_table_remove(mesh->sessions, rig_epoch(rig), peer->b));
}

uint64_t craft_session_keys(struct rig *rig, const struct fips_addr *peer,
                            struct fips_session_recv *recv, struct keys *const *keys, unsigned n)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct fips_session_entry *e = entry(sizeof *e);

	*e = (struct fips_session_entry){ .peer = *peer, .live = true, .recv = recv };
	for (unsigned i = 0; i < n; i++)
		e->key[i] = &keys[i]->recv;
	return mr_table_put(mesh->sessions, rig_epoch(rig), peer->b, e);
}

void craft_key(struct rig *rig, struct fips_send_key *send)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct fips_key_entry *e = entry(sizeof *e);

	e->send = send;
	send->handle = mr_table_put(mesh->keys, rig_epoch(rig), &send->id, e);
	ck_assert(send->handle != MR_NO_HANDLE);
}

void craft_key_gone(struct rig *rig, const struct fips_send_key *send)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);

	ck_assert(mr_table_remove(mesh->keys, rig_epoch(rig), &send->id));
}

/* ---- bytes ---- */

size_t craft_frame(uint8_t *out, const uint8_t key[MR_AEAD_KEY], uint32_t index, uint64_t counter,
                   uint8_t flags, const void *text, size_t n)
{
	out[0] = 0;
	out[1] = flags;
	mr_to_le16(out + 2, (uint16_t)n);
	mr_to_le32(out + 4, index);
	mr_to_le64(out + 8, counter);
	mr_aead_seal_one(key, counter, out, 16, text, n, out + 16);
	return 16 + n + 16;
}

size_t craft_datagram(uint8_t *out, const struct fips_addr *src, const struct fips_addr *dest,
                      uint16_t path_mtu, const void *payload, size_t n)
{
	out[0] = 0;
	out[1] = 64;
	mr_to_le16(out + 2, path_mtu);
	memcpy(out + 4, src->b, 16);
	memcpy(out + 20, dest->b, 16);
	memmove(out + 36, payload, n);
	return 36 + n;
}

size_t craft_message(uint8_t *out, const uint8_t key[MR_AEAD_KEY], uint64_t counter, uint8_t flags,
                     const void *coords, size_t n_coords, const void *text, size_t n)
{
	out[0] = 0;
	out[1] = flags;
	mr_to_le16(out + 2, (uint16_t)n);
	mr_to_le64(out + 4, counter);
	if (n_coords)
		memcpy(out + 12, coords, n_coords);
	mr_aead_seal_one(key, counter, out, 12, text, n, out + 12 + n_coords);
	return 12 + n_coords + n + 16;
}

size_t craft_sealed(uint8_t *out, const struct fips_addr *src, const struct fips_addr *dest,
                    const uint8_t key[MR_AEAD_KEY], uint64_t counter, uint8_t flags,
                    const void *text, size_t n)
{
	size_t len = craft_message(out + 36, key, counter, flags, NULL, 0, text, n);

	return craft_datagram(out, src, dest, 1472, out + 36, len);
}

size_t craft_ip(uint8_t *out, const struct fips_addr *src, const struct fips_addr *dest,
                uint8_t seed, size_t n)
{
	static const uint8_t head[8] = { 0x60, 0, 0, 0, 0, 0, 17, 64 };

	memcpy(out, head, 8);
	mr_to_be16(out + 4, (uint16_t)(n - 40));
	fips_addr_to_ipv6(src, out + 8);
	fips_addr_to_ipv6(dest, out + 24);
	mr_to_be16(out + 40, 4000);
	mr_to_be16(out + 42, 5000);
	mr_to_be16(out + 44, (uint16_t)(n - 40));
	mr_to_be16(out + 46, 0);
	for (size_t i = 48; i < n; i++)
		out[i] = (uint8_t)(seed + 7 * i);
	return n;
}

/* ---- what came out ---- */

void craft_drops(struct rig *rig, const struct mr_kind *kind, const char *name, uint64_t n)
{
	bool known = name == NULL;

	for (unsigned i = 0; kind->drops[i].name; i++) {
		const char *drop = kind->drops[i].name;
		uint64_t want = name && !strcmp(name, drop) ? n : 0, got = rig_count(rig, drop);

		known |= name && !strcmp(name, drop);
		ck_assert_msg(got == want, "%s: %lu packets dropped as %s, not %lu", kind->name,
		              (unsigned long)got, drop, (unsigned long)want);
	}
	ck_assert_msg(known, "%s has no drop %s", kind->name, name);
}

void craft_silent(struct rig *rig)
{
	struct mr_event event;

	if (rig_event(rig, &event))
		ck_abort_msg("event %u", event.kind);
}

void craft_bound(int fd, struct fips_via *via)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;

	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	ck_assert_uint_le(len, sizeof via->sock);
	*via = (struct fips_via){ .len = (uint16_t)len };
	memcpy(via->sock, &address, len);
}

int craft_socket(int family, struct fips_via *via)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		                  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	if (family == AF_INET)
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	else
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&in6, sizeof in6), 0);
	craft_bound(fd, via);
	return fd;
}

void craft_net_admin(bool up)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];
	uint32_t bit = 1u << CAP_NET_ADMIN;

	ck_assert_int_eq(syscall(SYS_capget, &head, caps), 0);
	caps[0].effective = up ? caps[0].effective | (caps[0].permitted & bit)
	                       : caps[0].effective & ~bit;
	ck_assert_int_eq(syscall(SYS_capset, &head, caps), 0);
}
