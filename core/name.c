/* name.c - evdns behind name.h. */

#include "core/name.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CLOSING_POLLS 100 /* each lets a few cancelled questions end */

struct question {
	struct mr_names           *names;
	mr_name_found             *found;
	void                      *arg;
	struct evdns_getaddrinfo_request *request; /* NULL: answered, or not yet under way */
	struct question           *next, **at;
};

/* A file as it was when it was read; all zero: not there. */
struct stamp {
	uint64_t device, inode, size;
	int64_t  s, ns;
};

struct mr_names {
	const char        *resolv_conf, *hosts; /* borrowed */
	struct stamp       read[2];   /* of these                      */
	struct event_base *base;
	struct evdns_base *dns;       /* NULL until the first question */
	struct question   *questions; /* under way                     */
	bool               closing;
};

/* What went wrong is told by the answer; libevent's own words are for nobody. */
static void quiet(int is_warning, const char *text)
{
	(void)is_warning;
	(void)text;
}

struct mr_names *mr_names_open(const char *resolv_conf, const char *hosts)
{
	struct mr_names *names = calloc(1, sizeof *names);

	evdns_set_log_fn(quiet);
	if (names)
		names->base = event_base_new();
	if (!names || !names->base) {
		free(names);
		return NULL;
	}
	names->resolv_conf = resolv_conf ? resolv_conf : "/etc/resolv.conf";
	names->hosts = hosts ? hosts : "/etc/hosts";
	return names;
}

/* Is the file another one than before? */
static bool changed(const char *path, struct stamp *before)
{
	struct stamp now = { 0 };
	struct stat st;

	if (stat(path, &st) == 0)
		now = (struct stamp){ (uint64_t)st.st_dev, st.st_ino, (uint64_t)st.st_size,
			              st.st_mtim.tv_sec, st.st_mtim.tv_nsec };
	if (!memcmp(&now, before, sizeof now))
		return false;
	*before = now;
	return true;
}

/* Files are read when somebody asks.  A machine without resolv.conf has 127.0.0.1 or nothing.
 * Questions under way go to the servers there are then. */
static bool start(struct mr_names *names)
{
	bool first = !names->dns, servers, hosts;

	if (first)
		names->dns = evdns_base_new(names->base, 0);
	if (!names->dns)
		return false;
	servers = changed(names->resolv_conf, &names->read[0]) || first;
	hosts = changed(names->hosts, &names->read[1]) || first;
	if (servers) {
		evdns_base_clear_nameservers_and_suspend(names->dns);
		evdns_base_search_clear(names->dns);
		evdns_base_resolv_conf_parse(names->dns, DNS_OPTIONS_ALL & ~DNS_OPTION_HOSTSFILE,
		                             names->resolv_conf);
		evdns_base_resume(names->dns);
	}
	if (hosts) {
		evdns_base_clear_host_addresses(names->dns);
		evdns_base_load_hosts(names->dns, names->hosts);
	}
	return true;
}

static unsigned gather(const struct evutil_addrinfo *list,
                       struct mr_name_address found[MR_NAME_ADDRESSES])
{
	unsigned n = 0;

	for (const struct evutil_addrinfo *a = list; a && n < MR_NAME_ADDRESSES; a = a->ai_next) {
		if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
			continue;
		if (a->ai_addrlen > sizeof found[n].sock)
			continue;
		memset(&found[n], 0, sizeof found[n]);
		found[n].len = (uint16_t)a->ai_addrlen;
		memcpy(found[n].sock, a->ai_addr, a->ai_addrlen);
		n++;
	}
	return n;
}

static void on_answer(int error, struct evutil_addrinfo *list, void *arg)
{
	struct question *q = arg;
	struct mr_name_address found[MR_NAME_ADDRESSES];
	unsigned n = error ? 0 : gather(list, found);

	if (list)
		evutil_freeaddrinfo(list);
	*q->at = q->next;
	if (q->next)
		q->next->at = q->at;
	if (!q->names->closing)
		q->found(q->arg, found, n);
	free(q);
}

static struct question *question(struct mr_names *names, mr_name_found *found, void *arg)
{
	struct question *q = calloc(1, sizeof *q);

	if (!q)
		return NULL;
	*q = (struct question){ .names = names, .found = found, .arg = arg,
		                .next = names->questions, .at = &names->questions };
	if (q->next)
		q->next->at = &q->next;
	names->questions = q;
	return q;
}

bool mr_names_ask(struct mr_names *names, const char *host, const char *port, mr_name_found *found,
                  void *arg)
{
	const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM,
		                               .ai_protocol = IPPROTO_UDP };
	struct evdns_getaddrinfo_request *request;
	struct question *q;

	if (!start(names))
		return false;
	q = question(names, found, arg);
	if (!q)
		return false;
	/* NULL: answered at once, and q is gone */
	request = evdns_getaddrinfo(names->dns, host, port, &hints, on_answer, q);
	if (request)
		q->request = request;
	return true;
}

void mr_names_poll(struct mr_names *names)
{
	event_base_loop(names->base, EVLOOP_NONBLOCK);
}

/* Cancelled questions are still answered, by the event base: that is what the polls are for. */
void mr_names_close(struct mr_names *names)
{
	if (!names)
		return;
	names->closing = true;
	for (struct question *q = names->questions; q; q = q->next) {
		if (q->request)
			evdns_getaddrinfo_cancel(q->request);
	}
	for (unsigned i = 0; names->questions && i < CLOSING_POLLS; i++)
		mr_names_poll(names);
	if (names->dns)
		evdns_base_free(names->dns, 1);
	while (names->questions) {
		struct question *q = names->questions;

		names->questions = q->next;
		free(q);
	}
	event_base_free(names->base);
	free(names);
}
