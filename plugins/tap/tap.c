/* tap - pass packets on, and copies of them to whoever stores copies.
 *
 *   in    any packet
 *   out   the same packets in the same order, untouched
 *   copy  while it captures: copies of those that concern the peer (all, when none is named)
 *
 * A packet concerns a peer when it is on the link with it or in the session with it, as the handles
 * that it carries say, or when it is an IPv6 packet from or to its address.  Copies come from this
 * worker's pool; without a spare there is no copy, counted. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/plugin.h"
#include "fips/noise/address.h"
#include "fips/noise/bech32.h"
#include "plugins/tap/note.h"
#include "plugins/tap/tap.h"
#include "stages/lib/mesh.h"
#include "stages/lib/words.h"

enum { OUT, COPY };
enum { COPIED, NO_SPARE };

#define IP_SOURCE 8 /* offset of the source address in an IPv6 header; the destination follows */

struct tap {
	bool                  capture;   /* setting                              */
	uint32_t              snap;      /* setting, bytes                       */
	unsigned              direction; /* setting, enum tap_direction          */
	char                 *peer;      /* setting; NULL: copy every packet     */
	const struct mr_mesh *mesh;
	struct fips_addr      addr;      /* of the peer, if one is named         */
	uint8_t               ip[FIPS_IPV6_LEN];
	char                  name[TAP_NAME];
};

/* ---- whom to look for ---- */

static bool parse_address(const char *text, struct fips_addr *addr)
{
	char two[3] = "";

	if (strlen(text) != 2 * FIPS_ADDR_LEN || text[strspn(text, "0123456789abcdefABCDEF")])
		return false;
	for (unsigned i = 0; i < FIPS_ADDR_LEN; i++) {
		memcpy(two, text + 2 * i, 2);
		addr->b[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return true;
}

static bool is_npub(const char *text)
{
	return !strncmp(text, "npub1", 5);
}

static const char *peer_wrong(const void *member)
{
	const char *text = *(char *const *)member;
	uint8_t key[FIPS_BECH32_DATA];

	if (!text)
		return NULL;
	if (!*text)
		return "names nobody; leave it out to copy every packet";
	return is_npub(text) ? fips_bech32_parse("npub", text, key) : NULL;
}

static const struct mr_field_rule peer_rule = {
	.wrong = peer_wrong, .good = "b", .bad = (const char *const[]){ "", NULL },
	.unseen = (const char *const[]){ "npub1", NULL }, .schema = "{ \"minLength\": 1 }",
};

/* The npub that the node file has for an alias, or NULL. */
static const char *npub_of_alias(const struct mr_json *doc, const char *alias)
{
	json_t *peers = doc ? mr_json_at(doc, "peers") : NULL, *peer;
	size_t i;

	json_array_foreach(peers, i, peer)
	{
		const char *text = json_string_value(json_object_get(peer, "alias"));

		if (text && !strcmp(text, alias))
			return json_string_value(json_object_get(peer, "npub"));
	}
	return NULL;
}

static int find_peer(struct tap *tap, struct mr_setup *s)
{
	const char *text = tap->peer, *npub = is_npub(text) ? text : npub_of_alias(s->doc, text);
	uint8_t key[FIPS_BECH32_DATA];

	if (npub && !fips_bech32_parse("npub", npub, key))
		tap->addr = fips_addr_of_key(key);
	else if (!parse_address(text, &tap->addr))
		return mr_setup_error(s, NULL, "peer: \"%s\" is neither an npub, nor a node address of "
		                      "32 hex digits, nor the alias of a peer in the node file",
		                      text);
	fips_addr_to_ipv6(&tap->addr, tap->ip);
	return 0;
}

static int tap_open(void *self, struct mr_setup *s)
{
	struct tap *tap = self;

	tap->mesh = s->use[0];
	strncpy(tap->name, s->name, sizeof tap->name - 1);
	return tap->peer ? find_peer(tap, s) : 0;
}

/* ---- packets ---- */

/* The peer's handles as they are in this turn; MR_NO_HANDLE where there is no such relation. */
struct wanted {
	uint64_t link, session;
};

static bool concerns(const struct tap *tap, const struct wanted *w, const struct mr_pkt *p)
{
	const uint8_t *source = p->data + IP_SOURCE, *dest = source + FIPS_IPV6_LEN;

	if ((w->link != MR_NO_HANDLE && p->near == w->link) ||
	    (w->session != MR_NO_HANDLE && p->far == w->session))
		return true;
	return p->mark == MR_SHAPE_IP && p->len >= IP_SOURCE + 2 * FIPS_IPV6_LEN &&
	       (!memcmp(source, tap->ip, FIPS_IPV6_LEN) || !memcmp(dest, tap->ip, FIPS_IPV6_LEN));
}

static void copy(const struct tap *tap, const struct mr_pkt *p, struct mr_turn *t)
{
	struct tap_note note = { .time = t->now, .len = p->len, .direction = tap->direction };
	struct mr_pkt *c = mr_spare(t);
	uint32_t len = p->len < tap->snap ? p->len : tap->snap;

	if (!c) {
		mr_count(t, NO_SPARE, 1);
		return;
	}
	if (len > mr_pkt_tailroom(c))
		len = mr_pkt_tailroom(c);
	memcpy(mr_pkt_put(c, len), p->data, len);
	memset(mr_pkt_via(c), 0, sizeof(struct fips_via));
	if (p->mark == MR_SHAPE_FRAME)
		*mr_pkt_via(c) = *mr_pkt_via(p);
	memcpy(note.name, tap->name, sizeof note.name);
	tap_note_put(c, &note);
	c->near = p->near;
	c->far = p->far;
	c->mark = p->mark;
	c->flags = p->flags;
	mr_made(t, 1);
	mr_count(t, COPIED, 1);
	mr_emit(t, COPY, c);
}

static void copy_some(const struct tap *tap, const struct mr_vector *v, struct mr_turn *t)
{
	struct wanted w = { .link = MR_NO_HANDLE, .session = MR_NO_HANDLE };

	if (tap->peer) {
		w.link = mr_table_handle(tap->mesh->links, tap->addr.b);
		w.session = mr_table_handle(tap->mesh->sessions, tap->addr.b);
	}
	for (unsigned i = 0; i < v->n; i++)
		if (!tap->peer || concerns(tap, &w, v->pkt[i]))
			copy(tap, v->pkt[i], t);
}

static void tap_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	const struct tap *tap = self;

	(void)input;
	if (tap->capture)
		copy_some(tap, v, t);
	for (unsigned i = 0; i < v->n; i++)
		mr_emit(t, OUT, v->pkt[i]);
}

static const char *const directions[] = { [TAP_UNSAID] = "none", [TAP_IN] = "in", [TAP_OUT] = "out",
	                                  NULL };

static const struct mr_field tap_fields[] = {
	{ .name = "capture", .type = MR_BOOL, MR_AT(struct tap, capture), .def = false,
	  .help = "make copies; off, packets only pass" },
	{ .name = "snap", .type = MR_U32, MR_AT(struct tap, snap), .min = 1, .max = 65535,
	  .def = 65535, .unit = "bytes", .help = "how much of a packet a copy holds" },
	{ .name = "peer", .type = MR_TEXT, MR_AT(struct tap, peer), .rule = &peer_rule,
	  .help = "copy only what concerns this node: its npub, node address or alias" },
	{ .name = "direction", .type = MR_WORD, MR_AT(struct tap, direction), .words = directions,
	  .help = "which way packets go here, as the file is to say: into the node or out of it" },
	{ 0 }
};

/* The right to show plaintext; read where graphs are checked. */
struct capture {
	bool plaintext;
};

static const struct mr_field capture_fields[] = {
	{ .name = "plaintext", .type = MR_BOOL, MR_AT(struct capture, plaintext),
	  .help = "taps may stand where packets are not sealed" },
	{ 0 }
};

static const struct mr_section tap_sections[] = {
	{ .path = "capture", .fields = capture_fields, .size = sizeof(struct capture),
	  .help = "what may be captured" },
	{ 0 }
};

static const struct mr_kind tap = {
	.abi = MR_ABI, .name = "tap", .summary = "pass packets on, and copies of them to a file",
	.size = sizeof(struct tap), .fields = tap_fields, .sections = tap_sections,
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "in", .view = "any packet", .reaches = MR_OUT(OUT) | MR_OUT(COPY),
		  .passes = true },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "the same packet", .passes = true },
		{ "copy", .view = "a copy, its note in the headroom", .optional = true,
		  .aside = true, .passes = true, .sort = TAP_SORT },
		{ 0 } },
	.drops = (const struct mr_named[]){ { 0 } },
	.counters = (const struct mr_named[]){
		[COPIED] = { "copied", .help = "copies made" },
		[NO_SPARE] = { "no-spare", .help = "copies not made, for want of a buffer" },
		{ 0 } },
	.makes = true, .affinities = MR_OUT(MR_ANY), .shards = MR_OUT(MR_ANY),
	.shows = "capture.plaintext",
	.open = tap_open, .process = tap_process,
};

const struct mr_plugin mr_plugin = {
	.abi = MR_ABI,
	.name = "tap",
	.version = PACKAGE_VERSION,
	.summary = "captures of any edge, written as pcapng",
	.kinds = (const struct mr_kind *const[]){ &tap, &tap_pcapng, NULL },
};
