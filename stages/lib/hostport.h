/* hostport.h - numeric "host:port" and "[v6]:port", as addresses of sockets. */
#ifndef MR_STAGES_HOSTPORT_H
#define MR_STAGES_HOSTPORT_H

#include <sys/socket.h>

#include "core/field.h"

#define MR_HOSTPORT 80 /* bytes of such a text, with its NUL */

/* Take it apart without asking anybody.  NULL, or what is wrong, as the end of a sentence that
 * begins with the text. */
const char *mr_hostport_parse(const char *text, struct sockaddr_storage *out, socklen_t *len);
const char *mr_hostport_wrong(const char *text);

/* The rule of a setting that is one. */
extern const struct mr_field_rule mr_hostport_rule;

/* The other way, of AF_INET and AF_INET6. */
void mr_hostport_text(const struct sockaddr *address, char text[MR_HOSTPORT]);

#endif
