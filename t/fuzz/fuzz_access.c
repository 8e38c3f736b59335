/* fuzz_access.c - bytes as an access list and as a hosts file.  No line is told of twice, what is
 * found in the hosts file is found again by its name. */
#include <assert.h>
#include <string.h>

#include "fips/node/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static unsigned last;

static void wrong(void *self, unsigned line, const char *what)
{
	(void)self;
	assert(line > last && what);
	last = line;
}

static const struct fips_addr *whose(void *self, const char *name)
{
	return fips_hosts_addr(self, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fips_curve curve = fips_curve_secp256k1();
	struct fips_access list = { 0 }, none = { 0 };
	struct fips_hosts hosts = { 0 };
	struct fips_reader reader = { .curve = &curve, .wrong = wrong, .whose = whose,
		                      .self = &hosts };

	last = 0;
	assert(fips_hosts_parse(&hosts, (const char *)data, n, &reader));
	for (unsigned i = 0; i < hosts.n; i++) {
		assert(fips_hosts_addr(&hosts, hosts.host[i].name));
		assert(fips_hosts_name(&hosts, &hosts.host[i].addr));
	}
	last = 0;
	assert(fips_access_parse(&list, (const char *)data, n, &reader));
	for (unsigned i = 0; i < list.n; i++)
		assert(!fips_access_admits(&none, &list, &list.addr[i]));
	fips_access_free(&list);
	fips_hosts_free(&hosts);
	fips_curve_close(&curve);
	return 0;
}
