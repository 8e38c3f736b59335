/* behind.c - peers that are reached through another, and what is wrong with peers among one
 * another.
 *
 * A check of the node file finds as much as shows without opening anything; that a neighbour is the
 * node itself shows only when it starts. */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "fips/node/access.h"
#include "fips/noise/bech32.h"
#include "stages/control/control.h"
#include "stages/control/peers.h"
#include "stages/control/state.h"

enum { PATH = 64, WRONG = 256 }; /* bytes of "peers[n].via", of a sentence */

static const struct peer_conf *peer_called(const struct mr_peers_conf *conf, const char *name)
{
	const struct peer_conf *list = conf->peers.items;

	for (unsigned i = 0; i < conf->peers.n; i++) {
		if ((list[i].alias && !strcmp(list[i].alias, name)) ||
		    (list[i].npub && !strcmp(list[i].npub, name)))
			return &list[i];
	}
	return NULL;
}

static struct fips_peer_config *peer_of(struct fips_peer_config *peers, unsigned n,
                                        const struct control *c, const char *npub)
{
	uint8_t pub[FIPS_PUB_LEN];

	if (!npub || fips_npub_parse(npub, &c->mesh->curve, pub))
		return NULL; /* complained of elsewhere */
	for (unsigned i = 0; i < n; i++) {
		if (!memcmp(peers[i].pub, pub, FIPS_PUB_LEN))
			return &peers[i];
	}
	return NULL;
}

/* What is wrong with the "via" of peers[i], as a sentence in buf; NULL: nothing. */
static const char *via_wrong(const struct mr_peers_conf *conf, unsigned i, char *buf, size_t size)
{
	const struct peer_conf *list = conf->peers.items, *hop = peer_called(conf, list[i].via);

	if (list[i].addresses.n)
		return "a peer is reached by addresses or through another, not both";
	if (hop && !hop->via)
		return NULL;
	snprintf(buf, size, hop ? "\"%s\" is no neighbour: it has a via itself" :
	                          "no peer has the alias or npub \"%s\"", list[i].via);
	return buf;
}

bool mr_peer_nowhere(const struct peer_conf *peer)
{
	return peer->addresses.n == 0 && !peer->via && !peer->via_nostr;
}

/* Addresses that are no list have been complained of. */
static bool no_list(const struct mr_json *doc, unsigned i)
{
	char path[PATH];
	json_t *addresses;

	snprintf(path, sizeof path, "peers[%u].addresses", i);
	addresses = mr_json_at(doc, path);
	return addresses && !json_is_array(addresses) && !json_is_null(addresses);
}

static bool listed_before(const struct peer_conf *list, unsigned i)
{
	for (unsigned k = 0; list[i].npub && k < i; k++) {
		if (list[k].npub && !strcasecmp(list[k].npub, list[i].npub))
			return true;
	}
	return false;
}

static void warn_of_alias(const char *alias, unsigned i, const struct mr_json *doc,
                          struct mr_report *report)
{
	char path[PATH];

	if (!alias || !*alias || strlen(alias) >= FIPS_ALIAS_LEN || fips_is_name(alias))
		return;
	snprintf(path, sizeof path, "peers[%u].alias", i);
	mr_warn(report, mr_json_place(doc, path, report),
	        "\"%s\" can be shown and not asked for: a name in .fips, and in lists of peers, has "
	        "letters, digits, '-' and '_'", alias);
}

void mr_peers_check(const void *decoded, const struct mr_json *doc, struct mr_report *report)
{
	const struct mr_peers_conf *conf = decoded;
	const struct peer_conf *list = conf->peers.items;

	for (unsigned i = 0; i < conf->peers.n; i++) {
		const char *wrong = NULL;
		char path[PATH], text[WRONG];

		warn_of_alias(list[i].alias, i, doc, report);
		if (list[i].via) {
			snprintf(path, sizeof path, "peers[%u].via", i);
			wrong = via_wrong(conf, i, text, sizeof text);
		} else if (mr_peer_nowhere(&list[i]) && !no_list(doc, i)) {
			snprintf(path, sizeof path, "peers[%u]", i);
			wrong = "has no address";
		}
		if (!wrong && listed_before(list, i)) {
			snprintf(path, sizeof path, "peers[%u].npub", i);
			wrong = "this peer is listed twice";
		}
		if (wrong)
			mr_complain(report, mr_json_place(doc, path, report), "%s", wrong);
	}
	mr_peers_reach(conf, doc, report);
}

/* "via" of peers[i]: a neighbour among the peers.  One that is left out is complained of elsewhere,
 * or is the node itself. */
static int take_via(const struct control *c, const struct mr_peers_conf *conf, unsigned i,
                    struct fips_peer_config *peers, unsigned n, int failed, struct mr_setup *s)
{
	const struct peer_conf *list = conf->peers.items;
	struct fips_peer_config *peer = peer_of(peers, n, c, list[i].npub), *by;
	char path[PATH], text[WRONG];
	const char *wrong = via_wrong(conf, i, text, sizeof text);

	snprintf(path, sizeof path, "peers[%u].via", i);
	if (wrong)
		return mr_setup_error(s, path, "%s", wrong);
	by = peer_of(peers, n, c, peer_called(conf, list[i].via)->npub);
	if (!peer)
		return 0;
	if (!by)
		return failed ? -1 :
		                mr_setup_error(s, path, "\"%s\" is the node itself", list[i].via);
	peer->behind = true;
	peer->hop = by->addr;
	peer->auto_connect = false;
	return 0;
}

int mr_peers_behind(const struct control *c, const struct mr_peers_conf *conf,
                    struct fips_peer_config *peers, unsigned n, int failed, struct mr_setup *s)
{
	const struct peer_conf *list = conf->peers.items;

	for (unsigned i = 0; i < conf->peers.n; i++) {
		if (list[i].via && take_via(c, conf, i, peers, n, failed, s))
			failed = -1;
	}
	return failed;
}
