/* scan.c - /proc/self/smaps names the mappings; they are read where they lie.  A copy would be one
 * more place with the key in it. */
#include "t/lib/scan.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <check.h>

#include "core/tsan.h"

#define MASK 0xa5
#define HUGE (UINT64_C(1) << 30) /* a sanitizer's shadow, not a program's memory */

static uint8_t  needle[SCAN_MAX][SCAN_BYTES]; /* masked */
static bool     found[SCAN_MAX];
static unsigned needles;

void scan_reset(void)
{
	needles = 0;
	memset(needle, 0, sizeof needle);
}

void scan_add(const uint8_t bytes[SCAN_BYTES])
{
	ck_assert_uint_lt(needles, SCAN_MAX);
	for (unsigned i = 0; i < SCAN_BYTES; i++)
		needle[needles][i] = bytes[i] ^ MASK;
	needles++;
}

__attribute__((no_sanitize("address", "undefined")))
static bool is_at(const volatile uint8_t *at, const uint8_t *masked)
{
	for (unsigned i = 0; i < SCAN_BYTES; i++)
		if ((at[i] ^ MASK) != masked[i])
			return false;
	return true;
}

/* Needles in a mapping. */
__attribute__((no_sanitize("address", "undefined")))
static unsigned count(const volatile uint8_t *at, uint64_t n)
{
	bool first[256] = { false };
	unsigned hits = 0;

	for (unsigned i = 0; i < needles; i++)
		first[needle[i][0] ^ MASK] = true;
	for (uint64_t o = 0; o + SCAN_BYTES <= n; o++) {
		if (!first[at[o]])
			continue;
		for (unsigned i = 0; i < needles; i++)
			if (is_at(at + o, needle[i])) {
				found[i] = true;
				hits++;
			}
	}
	return hits;
}

struct mapping {
	uint64_t from, to;
	char     name[128]; /* and rights, as the kernel writes them */
	bool     wanted;
};

static void look_at(const struct mapping *m, bool guarded, struct scan *s)
{
	unsigned hits;

	if (!m->wanted || m->to - m->from > HUGE)
		return;
	hits = count((const uint8_t *)(uintptr_t)m->from, m->to - m->from);
	*(guarded ? &s->guarded : &s->exposed) += hits;
	if (hits && !guarded)
		printf("%u keys in %s\n", hits, m->name);
}

/* Every mapping, with its flags: they are the last of its lines. */
static void each_mapping(void (*look)(const struct mapping *m, const char *flags, void *arg),
                         void *arg)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	struct mapping m = { 0 };
	char line[512];

	ck_assert_ptr_nonnull(maps);
	setvbuf(maps, NULL, _IONBF, 0);
	while (fgets(line, sizeof line, maps)) {
		uint64_t from, to;
		char rights[8];

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, rights) == 3) {
			m.from = from;
			m.to = to;
			m.wanted = rights[0] == 'r' && rights[1] == 'w';
			snprintf(m.name, sizeof m.name, "%.*s", (int)strcspn(line, "\n"), line);
		} else if (!strncmp(line, "VmFlags:", 8)) {
			look(&m, line, arg);
		}
	}
	fclose(maps);
}

/* The page that is locked, and what its flags say. */
struct locked {
	uint8_t *page;
	bool     shows;
};

static void look_locked(const struct mapping *m, const char *flags, void *arg)
{
	struct locked *l = arg;

	if ((uintptr_t)l->page >= m->from && (uintptr_t)l->page < m->to)
		l->shows = strstr(flags, " lo ") != NULL;
}

/* Does mlock lock?  AddressSanitizer makes it do nothing; flags then tell less. */
static bool locks(void)
{
	struct locked l = { .page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) };

	ck_assert_ptr_ne(l.page, MAP_FAILED);
	if (mlock(l.page, 4096) == 0)
		each_mapping(look_locked, &l);
	munmap(l.page, 4096);
	return l.shows;
}

struct looking {
	struct scan s;
	bool        locks;
};

static void look_for_keys(const struct mapping *m, const char *flags, void *arg)
{
	struct looking *l = arg;
	bool locked = strstr(flags, " lo ") || !l->locks;

	look_at(m, locked && strstr(flags, " dd "), &l->s);
}

struct scan scan_look(void)
{
	struct looking l = { .locks = locks() };

	memset(found, 0, sizeof found);
	each_mapping(look_for_keys, &l);
	for (unsigned i = 0; i < needles; i++)
		l.s.left += found[i];
	return l.s;
}

int scan_possible(void)
{
#ifdef MR_TSAN
	return 0;
#else
	char page[64] = { 0 };
	int locked = mlock(page, sizeof page) == 0;

	munlock(page, sizeof page);
	if (!locked)
		printf("no memory may be locked here: not looked for keys\n");
	return locked;
#endif
}
