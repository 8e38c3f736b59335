/* alive.c - whoever started the node hears that it lives, while every worker turns; see alive.h. */
#include "cli/alive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/lookout.h"
#include "cli/run.h"
#include "core/clock.h"
#include "stages/control/control.h"

#define TICK_NS   (5 * MR_NS_PER_S) /* without a watchdog                       */
#define TICK_MAX  (10 * MR_NS_PER_S)
#define FEEDS     4                 /* ticks in the time a watchdog gives       */
#define SAID_AT   2                 /* answers owed, and it is said             */

/* "graph two-core, 2 of 3 peers linked": only what has changed is sent. */
static void tell_status(struct run *r)
{
	unsigned peers, linked = mr_control_linked(mr_engine_host_state(r->engine), &peers);
	char text[sizeof r->alive.status];

	snprintf(text, sizeof text, "graph %s, %u of %u peers linked", r->node.graph->name, linked,
	         peers);
	if (!strcmp(text, r->alive.status))
		return;
	memcpy(r->alive.status, text, sizeof text);
	mr_notify_status(&r->alive.notify, text);
}

/* A worker owes an answer: it is named, and another one when that is the one that owes by now. */
static void owes(struct run *r, const char *worker)
{
	struct cli_alive *a = &r->alive;
	char text[sizeof a->status];

	snprintf(text, sizeof text, "worker %s does not turn", worker);
	if (++a->owed < SAID_AT || !strcmp(text, a->status))
		return;
	memcpy(a->status, text, sizeof text);
	mr_log(&r->log, MR_LOG_ERROR, "worker %s has not completed a turn for %" PRIu64 " ms%s",
	       worker, SAID_AT * a->every / MR_NS_PER_MS,
	       a->notify.watchdog ? ": the watchdog is not fed" : "");
	mr_notify_status(&a->notify, a->status);
}

static void on_tick(void *arg)
{
	struct run *r = arg;
	struct cli_alive *a = &r->alive;
	const char *worker = mr_engine_owes_turn(r->engine);
	uint64_t now = mr_clock_now();

	if (worker) {
		owes(r, worker);
	} else {
		if (a->owed >= SAID_AT)
			mr_log(&r->log, MR_LOG_WARN, "every worker turns again");
		a->owed = 0;
		mr_notify_alive(&a->notify);
		if (!r->stopping)
			tell_status(r);
	}
	mr_engine_ask_turns(r->engine);
	cli_lookout(r);
	mr_log_catch_up(&r->log);
	mr_timer_set(a->timer, now + a->every, now);
}

bool cli_alive_open(struct run *r)
{
	struct cli_alive *a = &r->alive;
	const char *wrong = mr_notify_open(&a->notify);

	if (wrong)
		mr_log(&r->log, MR_LOG_WARN, "whoever started us will not hear of it: %s", wrong);
	a->every = a->notify.watchdog ? a->notify.watchdog / FEEDS : TICK_NS;
	if (a->every > TICK_MAX)
		a->every = TICK_MAX;
	a->timer = mr_timer_open(r->loop, on_tick, r);
	return a->timer != NULL;
}

void cli_alive_start(struct run *r)
{
	tell_status(r);
	mr_notify_ready(&r->alive.notify, NULL);
	mr_engine_ask_turns(r->engine);
	mr_timer_set(r->alive.timer, mr_clock_now() + r->alive.every, mr_clock_now());
}

void cli_alive_reloading(struct run *r)
{
	mr_notify_reloading(&r->alive.notify, mr_clock_now());
}

void cli_alive_reloaded(struct run *r)
{
	mr_notify_ready(&r->alive.notify, NULL);
	/* The new workers owe nothing for what the old were asked. */
	mr_engine_ask_turns(r->engine);
}

void cli_alive_stopping(struct run *r, const char *why)
{
	mr_notify_stopping(&r->alive.notify, why);
}

void cli_alive_close(struct run *r)
{
	mr_timer_close(r->alive.timer);
	mr_notify_close(&r->alive.notify);
}
