#include "fips/node/action.h"

#include <assert.h>
#include <string.h>

#include "core/hash.h"
#include "core/secret.h"

bool fips_actions_open(struct fips_actions *q, unsigned cap)
{
	assert(cap >= FIPS_ACTIONS_TURN);
	*q = (struct fips_actions){ .ring = mr_secret_alloc(cap * sizeof *q->ring), .cap = cap };
	return q->ring != NULL;
}

void fips_actions_close(struct fips_actions *q)
{
	mr_secret_free(q->ring);
	*q = (struct fips_actions){ 0 };
}

struct fips_action *fips_actions_push(struct fips_actions *q, enum fips_action_kind kind)
{
	struct fips_action *act;

	assert(q->n < q->cap);
	act = &q->ring[(q->head + q->n) % q->cap];
	q->n++;
	memset(act, 0, offsetof(struct fips_action, bytes));
	act->kind = kind;
	return act;
}

void fips_actions_pop(struct fips_actions *q)
{
	struct fips_action *act = fips_actions_head(q);

	assert(act);
	mr_wipe(act->send_key, sizeof act->send_key);
	mr_wipe(act->recv_key, sizeof act->recv_key);
	q->head = (q->head + 1) % q->cap;
	q->n--;
}

bool fips_action_holds(enum fips_action_kind kind)
{
	return kind == FIPS_ACT_INSTALL_LINK || kind == FIPS_ACT_INSTALL_SESSION;
}

const char *fips_action_name(enum fips_action_kind kind)
{
	static const char *const name[FIPS_ACT_KINDS] = {
		[FIPS_ACT_SEND_RAW] = "send-raw",
		[FIPS_ACT_SEND_LINK] = "send-link",
		[FIPS_ACT_SEND_SESSION] = "send-session",
		[FIPS_ACT_EXPECT_INDEX] = "expect-index",
		[FIPS_ACT_FORGET_INDEX] = "forget-index",
		[FIPS_ACT_INSTALL_LINK] = "install-link",
		[FIPS_ACT_USE_LINK] = "use-link",
		[FIPS_ACT_LINK_PROVEN] = "link-proven",
		[FIPS_ACT_SET_VIA] = "set-via",
		[FIPS_ACT_RETIRE_LINK_KEY] = "retire-link-key",
		[FIPS_ACT_LINK_DOWN] = "link-down",
		[FIPS_ACT_EXPECT_SESSION] = "expect-session",
		[FIPS_ACT_INSTALL_SESSION] = "install-session",
		[FIPS_ACT_USE_SESSION] = "use-session",
		[FIPS_ACT_RETIRE_SESSION_KEY] = "retire-session-key",
		[FIPS_ACT_SESSION_DOWN] = "session-down",
		[FIPS_ACT_ROUTE] = "route",
		[FIPS_ACT_UNROUTE] = "unroute",
		[FIPS_ACT_UNREACHABLE] = "unreachable",
		[FIPS_ACT_FORWARD] = "forward",
		[FIPS_ACT_UNFORWARD] = "unforward",
		[FIPS_ACT_NO_FORWARD] = "no-forward",
		[FIPS_ACT_CONGESTION] = "congestion",
		[FIPS_ACT_ASK_LINK_REPORT] = "ask-link-report",
		[FIPS_ACT_ASK_SESSION_REPORT] = "ask-session-report",
		[FIPS_ACT_RESOLVE_NAME] = "resolve-name",
		[FIPS_ACT_LOG] = "log",
	};

	return kind < FIPS_ACT_KINDS ? name[kind] : "?";
}
