/* loop.h - main's event loop: descriptors, one timer each, signals, HTTP.  libevent stays inside.
 *
 * Everything here runs on the thread that calls mr_loop_run, and only there.
 */
#ifndef MR_CORE_LOOP_H
#define MR_CORE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct mr_loop;
struct mr_timer;
struct mr_http;
struct event_base;

/* NULL: no memory.  The process ignores SIGPIPE from then on. */
struct mr_loop *mr_loop_open(void);
/* After its timers and HTTP have been closed. */
void mr_loop_close(struct mr_loop *l);
void mr_loop_run(struct mr_loop *l);  /* until mr_loop_stop */
void mr_loop_stop(struct mr_loop *l);

struct event_base *mr_loop_base(struct mr_loop *l); /* core/http.c and evdns only */

/* Level-triggered read readiness of fd until the loop closes.  0 or -1. */
int mr_loop_watch(struct mr_loop *l, int fd, void (*ready)(void *arg), void *arg);
int mr_loop_signal(struct mr_loop *l, int signo, void (*got)(void *arg, int signo), void *arg);

/* One-shot timer at an absolute time of mr_clock_now; setting it again moves it, MR_NEVER
 * disarms it. */
struct mr_timer *mr_timer_open(struct mr_loop *l, void (*due)(void *arg), void *arg);
void mr_timer_set(struct mr_timer *t, uint64_t at_ns, uint64_t now_ns);
void mr_timer_close(struct mr_timer *t);

/* ---- HTTP: GET and HEAD only, Host checked, loopback unless told otherwise.  "/help" is the list
 * of routes, and so is "/" unless it is one. ---- */

struct mr_reply {
	int         status;  /* 200, 404, 503                       */
	const char *type;    /* "application/json"; borrowed        */
	char       *body;    /* malloc'd by the handler; NULL: none */
	size_t      len;
	const char *policy; /* Content-Security-Policy; borrowed; NULL: nothing is loaded or run */
};
typedef void mr_http_handler(void *arg, const char *query, struct mr_reply *reply);

struct mr_route {
	const char      *path; /* "/stats"; tables end with { 0 } */
	mr_http_handler *handler;
	const char      *help;
};

/* listen: "host:port" (port 0: any), "unix:/path" or "off" (returns NULL, no complaint).  A host
 * that is not loopback needs insecure.  NULL after complaining. */
struct mr_http *mr_http_open(struct mr_loop *l, const char *listen, bool insecure,
                             const struct mr_route *routes, void *arg, struct mr_report *report);
const char *mr_http_url(const struct mr_http *h); /* "http://127.0.0.1:9180" */
void mr_http_close(struct mr_http *h);

#endif
