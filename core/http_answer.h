/* http_answer.h - from a parsed request to the bytes of the answer.
 *
 * Every answer ends the connection, is never kept by a cache and is never taken for another type
 * than it says; other origins may not embed it.  Unless its handler says otherwise, a browser is to
 * load and run nothing for it.
 */
#ifndef MR_CORE_HTTP_ANSWER_H
#define MR_CORE_HTTP_ANSWER_H

#include "core/http_request.h"
#include "core/loop.h"

struct evbuffer;

/* Put the whole answer into out.  status is what mr_http_parse and the look at the host have
 * found; unless it is 200 only req->head counts, and the body names the status.  Without memory
 * nothing is put, or a part.  A path that no route has is answered with the list of them: 200 for
 * "/" and "/help", else 404. */
void mr_http_answer(struct evbuffer *out, const struct mr_route *routes, void *arg,
                    const struct mr_http_request *req, int status);

#endif
