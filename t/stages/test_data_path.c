/* Nothing slow on a data thread (R15): no memory from the heap, no system call, no public-key work.
 *
 * What the stages' own objects may call at all is looked at by test_objects.sh; here it is what
 * happens in the turns of a data worker, with the runtime, the tables and the AEAD providers. */

#include <check.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/wire.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"
#include "t/lib/craft.h"
#include "t/lib/keys.h"
#include "t/lib/neighbour.h"
#include "t/lib/sanitized.h"

/* ---- the heap, overheard ---- */

static volatile bool     listening;
static volatile unsigned heard;

#if SANITIZED

int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t),
                                              void (*)(const volatile void *));

static void on_malloc(const volatile void *p, size_t n)
{
	(void)p;
	(void)n;
	heard += listening;
}

static void on_free(const volatile void *p)
{
	heard += listening && p;
}

static void overhear(void)
{
	ck_assert_int_ne(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free), 0);
}

#else

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void  __libc_free(void *p);

void *malloc(size_t n)
{
	heard += listening;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	heard += listening;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	heard += listening;
	return __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
	heard += listening;
	return __libc_memalign(alignment, n);
}

void free(void *p)
{
	heard += listening && p;
	__libc_free(p);
}

static void overhear(void)
{
}

#endif

static void listen_between(bool before)
{
	listening = before;
}

/* ---- a node's day ---- */

static struct neighbour nb;
static bool curve_used;

static bool no_public_key(void *self, const uint8_t *secret, uint8_t *pub)
{
	(void)self;
	(void)secret;
	(void)pub;
	curve_used = true;
	return false;
}

static bool no_point(void *self, const uint8_t *pub)
{
	(void)self;
	(void)pub;
	curve_used = true;
	return false;
}

static bool no_ecdh(void *self, const uint8_t *secret, const uint8_t *pub, uint8_t *out)
{
	(void)out;
	return no_public_key(self, secret, NULL) && no_point(self, pub);
}

/* The curve that stages could reach; the node has taken a copy for itself. */
static void hide_curve(unsigned i)
{
	struct fips_curve *curve = &whole_mesh(i)->curve;

	curve->public_key = no_public_key;
	curve->check_point = no_point;
	curve->ecdh = no_ecdh;
	curve->sign = NULL;
	curve->verify = NULL;
}

static void forge(void)
{
	uint8_t frame[FIPS_LINK_MIN + 20] = { 0 };
	struct fips_link_head head = { .payload_len = 20, .receiver_idx = nb.link[0].theirs,
		                       .counter = 1000000 };
	struct fips_via via = via_of(air.host[0]);

	fips_link_head_build(frame, &head);
	air_send(HAND, &via, frame, sizeof frame);
}

/* Others' datagrams: to node 1, too big for the way there, and to a node that nobody knows;
 * with coordinates. */
static void pass_by(unsigned i, const struct fips_addr *neighbour)
{
	const struct fips_addr dest[3] = { *neighbour, *neighbour, { { 0xd0, (uint8_t)i } } };

	for (unsigned k = 0; k < 3; k++) {
		uint8_t payload[1410] = { 0, FIPS_FSP_CP }, message[1500];
		struct mr_wire w = mr_wire_write(payload + FIPS_FSP_HEAD, 100);
		struct fips_coords src = fips_coords_of(&nb.me.addr, 1),
				   to = fips_coords_of(&dest[k], 1);

		fips_coords_put(&w, &src);
		fips_coords_put(&w, &to);
		neighbour_message(&nb, message,
		                  craft_datagram(message, &nb.me.addr, &dest[k], 1472, payload,
		                                 k == 1 ? 1401 : 100));
	}
}

/* Links, sessions, their next keys and their ends; packets of all sorts, many at a time; things
 * that are refused. */
static void a_day(void)
{
	struct fips_addr nobody = { { 0xee } };
	char peers[512];

	whole_reset();
	whole_open(0, ",\"link_dead_timeout_secs\":15", "");
	whole_open(1, "", whole_dial(0, peers));
	hide_curve(0);
	hide_curve(1);
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
	neighbour_session(&nb);
	for (unsigned s = 0; s < 32; s++) {
		unsigned from = s % 2;

		/* too big at last */
		whole_say(from, &whole_mesh(!from)->me.addr, 100 + 44 * s, (uint8_t)s);
		air.outbox_n = 150;
		whole_run(100);
		whole_say(0, s % 3 ? &nb.me.addr : &nobody, 100, 1);
		neighbour_data(&nb);
		pass_by(s, &whole_mesh(1)->me.addr);
		forge();
		whole_run(900);
	}
	ck_assert_uint_gt(whole_drop(0, &mr_kind_route, "too-big"), 0);
	ck_assert_uint_gt(whole_drop(0, &mr_kind_fmp_open, "forged"), 0);
	ck_assert_uint_ge(whole_count(0, &mr_kind_route, "forwarded-packets"), 30);
	ck_assert_uint_ge(whole_count(0, &mr_kind_route, "asked"), 30);
	ck_assert_uint_gt(whole_count(0, &mr_kind_route, "learned"), 0);
	ck_assert_uint_gt(air.got[0] + air.got[1], 2000);
	neighbour_link(&nb);
	neighbour_session(&nb);
	whole_run(20000);
	neighbour_close(&nb); /* silent from now on */
	whole_run(16000);
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->links), 1);
}

/* With each provider, with one replica of a stage and with several. */
START_TEST(a_data_worker_neither_allocates_nor_computes_keys)
{
	void *volatile something;

	whole_aead = keys_provider(_i / 2);
	if (!whole_aead)
		return;
	whole_spread = _i % 2;
	overhear();
	heard = 0;
	listening = true;
	something = malloc(100);
	free(something);
	listening = false;
	ck_assert_uint_ge(heard, 2); /* it can be heard */
	heard = 0;
	whole_around = listen_between;
	a_day();
	whole_around = NULL;
	ck_assert_msg(heard == 0, "%u calls of the heap with %s", heard, whole_aead->name);
	ck_assert(!curve_used);
	whole_close_all();
}
END_TEST

/* ---- system calls, forbidden ---- */

#define ALLOW(call) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* From here on a system call ends the process, but those that wake another worker, and the end. */
static bool forbid(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_write),
		ALLOW(SYS_exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	struct sock_fprog program = { .len = sizeof filter / sizeof filter[0], .filter = filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#define NO_FILTERS 77

/* What lies before node 0's data worker is done without a system call. */
static int turns_without_calls(void)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (!forbid())
			_exit(NO_FILTERS);
		whole_data_turns(0, 10);
		/* _exit() would be noticed by sanitizers, with a call */
		syscall(SYS_exit_group, 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status), "signal %d: a system call", WTERMSIG(status));
	return WEXITSTATUS(status);
}

START_TEST(a_data_worker_makes_no_system_call)
{
	struct fips_addr nobody = { { 0xee } };
	int result = 0;

	whole_spread = _i;
	whole_reset();
	whole_open(0, "", "");
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
	neighbour_session(&nb);
	for (unsigned i = 0; i < 8 && result == 0; i++) {
		if (i % 4 == 0)
			neighbour_call(&nb);
		neighbour_setup(&nb);
		neighbour_data(&nb);
		pass_by(i, &nb.me.addr);
		forge();
		whole_say(0, i % 2 ? &nobody : &nb.me.addr, 900 + 90 * i, 1); /* too big at last */
		air.outbox_n = 40;
		air.now += MS;
		result = turns_without_calls();
		whole_run(100);
	}
	neighbour_close(&nb);
	whole_close_all();
	if (result == NO_FILTERS)
		fprintf(stderr, "skipped: no system call filters here\n");
	else
		ck_assert_int_eq(result, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("data path");
	TCase *tc = tcase_create("nothing slow");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, a_data_worker_neither_allocates_nor_computes_keys, 0,
	                    2 * keys_providers());
	tcase_add_loop_test(tc, a_data_worker_makes_no_system_call, 0, 2);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
