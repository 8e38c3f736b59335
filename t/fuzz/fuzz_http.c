/* The head of an HTTP request, and what is made of its host. */
#include "core/http_listen.h"
#include "core/http_request.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int known[] = { 0, 200, 400, 405, 413, 414, 431, 505 };
	struct mr_http_place place = { .bound.v4.sin_family = AF_INET };
	struct mr_http_request r;
	int status = mr_http_parse((const char *)data, n, &r);
	size_t i = 0;

	while (i < sizeof known / sizeof *known && known[i] != status)
		i++;
	assert(i < sizeof known / sizeof *known);
	if (status != 200)
		return 0;
	assert(r.path[0] == '/' && strlen(r.path) + strlen(r.query) + strlen(r.host) < n);
	mr_http_host_allowed(&place, r.host);
	return 0;
}
