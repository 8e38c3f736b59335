/* dns.c - questions for names, answered between two turns of control. */
#include "cli/dns.h"

#include <net/if.h>
#include <string.h>

#include "stages/control/domain.h"
#include "stages/lib/tun.h"

static enum mr_dns_answer on_name(void *arg, const char *name, uint8_t ip[16])
{
	struct run *r = arg;
	enum mr_dns_answer answer = mr_domain_find(mr_engine_host_state(r->engine), name, ip);

	cli_run_turn(r); /* who asks may send packets at once */
	return answer;
}

/* Others of the mesh are not to try which names we know. */
static unsigned mesh_device(const struct run *r)
{
	const struct mr_tun *tun = mr_engine_resource(r->engine, &mr_resource_tun);

	return tun && tun->queues > 0 ? if_nametoindex(tun->name) : 0;
}

static bool same(const struct run *r, const struct mr_domain_settings *set)
{
	if (!set->enabled || !r->dns)
		return !set->enabled && !r->dns;
	return set->port == r->dns_at.port && set->ttl == r->dns_at.ttl &&
	       !strcmp(set->bind, r->dns_bind);
}

static bool same_place(const struct run *r, const struct mr_domain_settings *set)
{
	return set->port == r->dns_at.port && !strcmp(set->bind, r->dns_bind);
}

/* Where they are answered stays in force until they are answered elsewhere. */
void cli_dns_open(struct run *r)
{
	struct mr_domain_settings set = mr_domain_settings(mr_engine_host_state(r->engine));
	struct mr_dns_wish wish = { .bind = set.bind, .port = set.port, .ttl = set.ttl,
		                    .deaf_to = mesh_device(r) };
	const char *wrong = NULL;
	struct mr_dns *opened;

	if (same(r, &set))
		return;
	if (!set.enabled || (r->dns && same_place(r, &set))) {
		mr_dns_close(r->dns);
		r->dns = NULL;
	}
	if (!set.enabled) {
		mr_log(&r->log, MR_LOG_INFO, "names in .fips are not answered any more");
		return;
	}
	opened = mr_dns_open(r->loop, &wish, on_name, r, &wrong);
	if (!opened) {
		mr_log(&r->log, MR_LOG_WARN,
		       "names in .fips are not answered%s: %s port %u: %s; dns.bind_addr and dns.port say "
		       "where, \"dns\": { \"enabled\": false } does without",
		       r->dns ? " there but where they were" : "", set.bind, set.port, wrong);
		return;
	}
	mr_dns_close(r->dns);
	r->dns = opened;
	snprintf(r->dns_bind, sizeof r->dns_bind, "%s", set.bind);
	r->dns_at = wish;
	r->dns_at.bind = r->dns_bind;
	mr_log(&r->log, MR_LOG_INFO, "names in .fips are answered at %s port %u", set.bind,
	       set.port);
}
