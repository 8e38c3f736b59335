/* listening - programs of this machine that the mesh can reach: IPv6 sockets that listen on every
 * address or on the node's own, from the tables of /proc.
 *
 * Whose sockets they are, and what a packet filter makes of them, a program without privileges is
 * not told. */
#include <stdlib.h>
#include <string.h>

#include "stages/control/query/parts.h"

#define TCP_LISTENING 0x0a

/* 32 hex digits: four words of this machine's byte order. */
static bool read_address(const char *text, uint8_t ip[16])
{
	for (unsigned i = 0; i < 4; i++) {
		char word[9] = { 0 };
		uint32_t v;
		char *end;

		memcpy(word, text + 8 * i, 8);
		v = (uint32_t)strtoul(word, &end, 16);
		if (*end || end != word + 8)
			return false;
		memcpy(ip + 4 * i, &v, 4);
	}
	return true;
}

struct row {
	uint8_t  local[16], remote[16];
	unsigned port, state;
};

/* "  1: LOCAL:PORT REMOTE:PORT ST ..." */
static bool read_row(const char *line, struct row *out)
{
	char local[33], remote[33];
	unsigned number, remote_port;

	return sscanf(line, " %u: %32[0-9A-F]:%x %32[0-9A-F]:%x %x", &number, local, &out->port,
	              remote, &remote_port, &out->state) == 6 &&
	       strlen(local) == 32 && strlen(remote) == 32 && read_address(local, out->local) &&
	       read_address(remote, out->remote) && out->port <= UINT16_MAX;
}

static bool is_any(const uint8_t ip[16])
{
	static const uint8_t any[16];

	return !memcmp(ip, any, sizeof any);
}

static void put_socket(json_t *o, const char *proto, const struct row *row)
{
	char text[FIPS_IPV6_TEXT];

	fips_ipv6_text(row->local, text);
	put_text(o, "proto", proto);
	put_text(o, "local_addr", text);
	put_int(o, "port", row->port);
	put_null(o, "pid");
	put_null(o, "process");
	put_text(o, "filter", "unknown");
	put_bool(o, "wildcard_bind", is_any(row->local));
}

/* Sockets of one protocol; those of UDP listen when they are connected to nobody. */
static void put_sockets(json_t *list, const char *file, const char *proto, bool tcp,
                        const uint8_t own[16])
{
	FILE *f = fopen(file, "re");
	char line[256];
	struct row row;

	while (f && fgets(line, sizeof line, f) && json_array_size(list) < QUERY_LIST) {
		if (!read_row(line, &row) || (!is_any(row.local) && memcmp(row.local, own, 16)))
			continue;
		if (tcp ? row.state == TCP_LISTENING : is_any(row.remote))
			put_socket(add_object(list), proto, &row);
	}
	if (f)
		fclose(f);
}

json_t *show_listening_sockets(struct query *q)
{
	const struct mr_mesh *mesh = q->control->mesh;
	json_t *o = json_object(), *list;

	put_ipv6(o, "fips0_addr", &mesh->me.addr);
	put_bool(o, "firewall_active", false);
	list = put_list(o, "sockets");
	put_sockets(list, "/proc/net/tcp6", "tcp", true, mesh->own_ip);
	put_sockets(list, "/proc/net/udp6", "udp", false, mesh->own_ip);
	return o;
}
