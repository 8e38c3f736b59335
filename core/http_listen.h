/* http_listen.h - where HTTP listens: an address or a socket in the file system.
 *
 *     127.0.0.1:9180   [::1]:9180   localhost:9180   unix:/run/millrace.sock
 *
 * What is shown there is for the machine's own people, so an address that others can reach has to
 * be asked for twice.
 */
#ifndef MR_CORE_HTTP_LISTEN_H
#define MR_CORE_HTTP_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/un.h>

#include "core/err.h"
#include "core/unix_listen.h"

union mr_http_addr {
	struct sockaddr     any;
	struct sockaddr_in  v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un  un;
};

struct mr_http_place {
	int    fd;          /* listening, non-blocking; the owner closes it           */
	char   url[160];    /* "http://[::1]:9180", "unix:/run/millrace.sock"         */
	union mr_http_addr bound; /* family AF_UNIX: any Host is fine                 */
	struct mr_unix_place file; /* valid if bound's family is AF_UNIX              */
};

/* Is the setting one that mr_http_listen would take, as far as can be told without opening
 * anything?  Complains if not.  "off" is fine. */
bool mr_http_listen_valid(const char *listen, bool insecure, struct mr_report *report);

/* 0 with an open socket, or -1 after complaining at http.listen.  Port 0 takes any free one.  A
 * socket file that nobody answers at and that is ours is replaced; mode 0660. */
int mr_http_listen(const char *listen, bool insecure, struct mr_http_place *place,
                   struct mr_report *report);

/* Remove the socket file if it is still the one we made.  Leaves fd alone. */
void mr_http_unlisten(const struct mr_http_place *place);

/* May a request carry this Host (lower case)?  Loopback names and addresses, the bound address,
 * and, bound to every address, any address: a name that a stranger made point here is none of
 * these. */
bool mr_http_host_allowed(const struct mr_http_place *place, const char *host);

#endif
