/* lookout.c - what nobody would tell; see lookout.h. */
#include "cli/lookout.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/if_tun.h>

#include "cli/run.h"
#include "stages/lib/tun.h"

/* ---- the device ---- */

/* The kernel lets go of the queues of a device that somebody deletes;
 * what has it open is told nothing. */
static bool is_gone(const struct mr_tun *tun)
{
	struct ifreq req = { 0 };

	return tun && tun->queues > 0 && ioctl(tun->fd[0], TUNGETIFF, &req) != 0 && errno == EBADFD;
}

static void look_at_device(struct run *r)
{
	const struct mr_tun *tun = mr_engine_resource(r->engine, &mr_resource_tun);

	if (r->lookout.gone || !is_gone(tun))
		return;
	r->lookout.gone = true;
	mr_log(&r->log, MR_LOG_ERROR,
	       "device %s is gone, somebody has deleted it: no program here reaches the mesh before the node is "
	       "started again", tun->name);
}

/* ---- captures ---- */

static bool writes_file(const struct mr_kind *kind)
{
	return !strcmp(kind->name, "pcapng");
}

static bool has_capture(const struct mr_graph *g)
{
	for (unsigned i = 0; i < g->stages; i++)
		if (writes_file(g->stage[i].kind))
			return true;
	return false;
}

/* Why a capture's file lacks packets, the reason with the most of them; NULL: it lacks none. */
static const struct mr_named *why_not_whole(const struct mr_stage_view *s, uint64_t *n)
{
	const struct mr_named *drop = s->kind->drops, *most = NULL;

	*n = 0;
	for (unsigned i = 0; drop && drop[i].name; i++)
		if (s->drop[i] > *n) {
			*n = s->drop[i];
			most = &drop[i];
		}
	return most;
}

static void look_at_captures(struct run *r)
{
	struct mr_view *view = NULL;
	uint64_t n;

	if (!r->lookout.lacking && has_capture(r->node.graph))
		view = mr_engine_view(r->engine);
	for (unsigned i = 0; view && i < view->stages; i++) {
		const struct mr_stage_view *s = &view->stage[i];
		const struct mr_named *why = writes_file(s->kind) ? why_not_whole(s, &n) : NULL;

		if (!why)
			continue;
		r->lookout.lacking = true;
		mr_log(&r->log, MR_LOG_WARN, "the capture of stage %s lacks %" PRIu64 " packets so far: %s (%s)",
		       s->name, n, why->help, why->name);
	}
	mr_view_free(view);
}

/* ---- both ---- */

void cli_lookout(struct run *r)
{
	look_at_device(r);
	look_at_captures(r);
}

void cli_lookout_again(struct run *r)
{
	r->lookout.lacking = false;
}
