/* acts.c - one function an action, so that the rest of the folder reads as decisions. */

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "fips/node/parts.h"

struct fips_action *fips_act(struct fips_node *n, enum fips_action_kind kind)
{
	n->pushed++;
	assert(n->pushed <= FIPS_ACTIONS_TURN);
	return fips_actions_push(n->out, kind);
}

struct fips_action *fips_act_peer(struct fips_node *n, enum fips_action_kind kind,
                                  const struct fips_addr *peer)
{
	struct fips_action *act = fips_act(n, kind);

	act->peer = *peer;
	return act;
}

static void fill(struct fips_action *act, const uint8_t *bytes, size_t len)
{
	assert(act->len + len <= FIPS_ACT_BYTES);
	if (len)
		memcpy(act->bytes + act->len, bytes, len);
	act->len = (uint16_t)(act->len + len);
}

void fips_act_raw(struct fips_node *n, const struct fips_via *via, const uint8_t *bytes, size_t len)
{
	struct fips_action *act = fips_act(n, FIPS_ACT_SEND_RAW);

	act->via = *via;
	fill(act, bytes, len);
}

void fips_act_link(struct fips_node *n, const struct fips_addr *peer, const uint8_t *bytes,
                   size_t len)
{
	fill(fips_act_peer(n, FIPS_ACT_SEND_LINK, peer), bytes, len);
}

size_t fips_link_room(const struct fips_node *n)
{
	size_t link = (size_t)n->link_mtu - FIPS_LINK_OVERHEAD;

	return link < FIPS_ACT_BYTES ? link : FIPS_ACT_BYTES;
}

void fips_act_session(struct fips_node *n, const struct fips_addr *peer, uint8_t type,
                      const uint8_t *body, size_t len)
{
	const struct fips_session *s = fips_session_find(n, peer);
	struct fips_action *act;

	if (!s || !s->routed || !fips_hop_to(n, peer))
		return;
	act = fips_act_peer(n, FIPS_ACT_SEND_SESSION, peer);
	fill(act, &type, 1);
	fill(act, body, len);
}

bool fips_act_datagram(struct fips_node *n, const struct fips_addr *peer, const uint8_t *fsp,
                       size_t len)
{
	const struct fips_peer *hop = fips_hop_to(n, peer);
	struct fips_datagram d = {
		.ttl = FIPS_DATAGRAM_TTL,
		.path_mtu = n->link_mtu,
		.src = n->me.addr,
		.dest = *peer,
	};
	struct fips_action *act;

	if (!hop) {
		fips_count(n, FIPS_NODE_NO_ROUTE);
		return false;
	}
	act = fips_act_peer(n, FIPS_ACT_SEND_LINK, &hop->addr);
	fips_datagram_build(act->bytes, &d);
	act->len = FIPS_DATAGRAM_HEAD;
	fill(act, fsp, len);
	return true;
}

static void say(struct fips_action *act, enum fips_log level, const char *format, va_list args)
{
	int len = vsnprintf((char *)act->bytes, FIPS_ACT_BYTES, format, args);

	act->level = level;
	act->source = format;
	if (len >= FIPS_ACT_BYTES)
		len = FIPS_ACT_BYTES - 1;
	act->len = len < 0 ? 0 : (uint16_t)len;
}

void fips_log(struct fips_node *n, enum fips_log level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(fips_act(n, FIPS_ACT_LOG), level, format, args);
	va_end(args);
}

void fips_log_from(struct fips_node *n, enum fips_log level, const struct fips_via *from,
                   const char *format, ...)
{
	struct fips_action *act = fips_act(n, FIPS_ACT_LOG);
	va_list args;

	act->via = *from;
	va_start(args, format);
	say(act, level, format, args);
	va_end(args);
}

void fips_log_of(struct fips_node *n, enum fips_log level, const struct fips_addr *of,
                 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(fips_act_peer(n, FIPS_ACT_LOG, of), level, format, args);
	va_end(args);
}
