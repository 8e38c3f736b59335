/* mesh.c - the node's identity and the shared tables; see mesh.h. */

#include "stages/lib/mesh.h"

#include <stdlib.h>

#include "core/hash.h"

static const struct mr_field mesh_fields[] = {
	{ "nsec", MR_TEXT, MR_AT(struct mr_mesh_conf, nsec), .secret = true,
	  .help = "secret key, nsec1... or 64 hex digits" },
	{ 0 }
};

static const struct mr_section mesh_sections[] = {
	{ .path = "node.identity", .fields = mesh_fields, .size = sizeof(struct mr_mesh_conf),
	  .help = "the node's key" },
	{ 0 }
};

static const char *take_identity(struct mr_mesh *mesh, const struct mr_mesh_conf *conf,
                                 const struct mr_rand *rand)
{
	const char *wrong;
	uint8_t secret[FIPS_SECRET_LEN];

	if (conf->nsec)
		return fips_identity_parse(&mesh->me, &mesh->curve, conf->nsec);
	do {
		mr_rand_bytes(rand, secret, sizeof secret);
		wrong = fips_identity_of_secret(&mesh->me, &mesh->curve, secret);
	} while (wrong); /* once in 2^128: a scalar out of range */
	mr_wipe(secret, sizeof secret);
	return NULL;
}

static int mesh_open(void *self, struct mr_setup *s)
{
	struct mr_mesh *mesh = self;
	const char *wrong;
	uint64_t seed;

	mesh->curve = fips_curve_secp256k1();
	wrong = take_identity(mesh, s->conf[0], &s->rand);
	if (wrong)
		return mr_setup_error(s, "node.identity.nsec", "%s", wrong);
	fips_addr_to_ipv6(&mesh->me.addr, mesh->own_ip);
	mr_rand_bytes(&s->rand, &seed, sizeof seed);
	mesh->index = mr_table_open(8 * MR_PEERS_MAX, 4, seed, free);
	mesh->links = mr_table_open(MR_PEERS_MAX, FIPS_ADDR_LEN, seed, free);
	mesh->sessions = mr_table_open(MR_SESSIONS_MAX, FIPS_ADDR_LEN, seed, free);
	mesh->routes = mr_table_open(MR_ROUTES_MAX, FIPS_ROUTE_KEY, seed, free);
	mesh->forwards = mr_table_open(MR_FORWARDS_MAX, FIPS_ADDR_LEN, seed, free);
	mesh->keys = mr_table_open(MR_KEYS_MAX, sizeof(uint64_t), seed, free);
	if (!mesh->index || !mesh->links || !mesh->sessions || !mesh->routes ||
	    !mesh->forwards || !mesh->keys)
		return mr_setup_error(s, NULL, "no memory for the tables");
	return 0;
}

static void mesh_close(void *self)
{
	struct mr_mesh *mesh = self;

	mr_table_close(mesh->index);
	mr_table_close(mesh->links);
	mr_table_close(mesh->sessions);
	mr_table_close(mesh->routes);
	mr_table_close(mesh->forwards);
	mr_table_close(mesh->keys);
	fips_identity_wipe(&mesh->me);
	fips_curve_close(&mesh->curve);
}

const struct mr_resource mr_resource_mesh = {
	.name = "mesh", .summary = "the node's identity and the tables of links, sessions and routes",
	.size = sizeof(struct mr_mesh), .sections = mesh_sections, .open = mesh_open,
	.close = mesh_close,
};
