/* The module lanes takes the same steps whatever keys and texts hold: sealing and opening are run
 * instruction by instruction, by ptrace, with two sets of secrets, and the addresses of all
 * instructions must be the same.  This sees every branch of every instruction set, those that
 * valgrind does not know included; t/plugins/test_lanes_secrets.sh sees addresses of data, too.
 *
 * Both runs are children of one process, so that nothing but the secrets differs.  Skipped where
 * the machine does not let a process trace its child, and with sanitizers, whose code it is not
 * about.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "plugins/lanes/lanes.h"
#include "t/lib/lanes.h"
#include "t/lib/sanitized.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define VECTOR       16
#define STRIDE       1600

static const struct lanes_isa *const isa[LANES_SETS] = { &lanes_avx512, &lanes_avx2 };

/* What is public: how many packets, their lengths, and how much associated data. */
static const struct shape {
	unsigned n;
	uint32_t len[4]; /* in turn */
	uint32_t aad_len;
} shapes[] = {
	{ 1, { 100 }, 12 },             /* alone, and short          */
	{ 1, { 300 }, 16 },             /* alone, and long           */
	{ 8, { 64, 65, 63, 130 }, 16 }, /* side by side              */
	{ 3, { 33, 80, 40, 0 }, 20 },   /* long associated data      */
};

static struct mr_aead_ctx ctx[2]; /* two keys in turn */
static uint8_t bufs[VECTOR][STRIDE], aad[64];

enum what { SEAL, OPEN, BRANCH };

static void lay(const struct shape *s, struct mr_aead_op ops[VECTOR])
{
	for (unsigned i = 0; i < s->n; i++)
		ops[i] = (struct mr_aead_op){ .ctx = &ctx[i / 2 % 2], .counter = i, .aad = aad,
			                      .aad_len = s->aad_len, .dst = bufs[i],
			                      .src = { { bufs[i], s->len[i % 4] } } };
}

/* The child: secrets, and between two stops what is traced.  Never returns. */
static void child(const struct lanes_isa *set, const struct shape *s, enum what what, uint64_t seed)
{
	struct mr_aead_op ops[VECTOR];
	volatile unsigned odd = 0;

	lanes_seed(seed);
	lanes_fill(ctx, sizeof ctx);
	lanes_fill(bufs, sizeof bufs);
	lay(s, ops);
	if (what == OPEN) {
		lanes_seal(set, ops, s->n);
		for (unsigned i = 0; i < s->n; i++)
			ops[i].src[0].len += MR_AEAD_TAG;
	}
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(77);
	raise(SIGSTOP);
	if (what == SEAL)
		lanes_seal(set, ops, s->n);
	else if (what == OPEN && lanes_open(set, ops, s->n) != s->n)
		_exit(1);
	for (unsigned i = 0; what == BRANCH && i < 64; i++)
		if (bufs[0][i] & 1)
			odd++;
	raise(SIGSTOP);
	_exit(0);
}

struct trace {
	uint64_t steps, hash; /* instructions, and their addresses folded */
};

/* Step through the child from its first stop to its second; false: it may not be traced. */
static bool step_through(pid_t pid, struct trace *t)
{
	struct user_regs_struct regs;
	int status;

	*t = (struct trace){ 0 };
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return false;
	ck_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	while (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0) {
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(WIFSTOPPED(status), "the child has ended: %x", (unsigned)status);
		if (WSTOPSIG(status) == SIGSTOP)
			break;
		ck_assert_int_eq(ptrace(PTRACE_GETREGS, pid, NULL, &regs), 0);
		t->hash = (t->hash ^ regs.rip) * UINT64_C(0x100000001b3);
		t->steps++;
	}
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return true;
}

static bool run(const struct lanes_isa *set, const struct shape *s, enum what what, uint64_t seed,
                struct trace *t)
{
	pid_t pid = SANITIZED ? -1 : fork();

	if (SANITIZED) {
		printf("lanes: steps skipped, this build has sanitizers\n");
		return false;
	}
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		child(set, s, what, seed);
	if (step_through(pid, t))
		return true;
	printf("lanes: steps skipped, no process may be traced here\n");
	return false;
}

START_TEST(the_same_steps)
{
	const struct shape *s = &shapes[(size_t)_i % COUNT(shapes)];
	int set = _i / (int)COUNT(shapes);
	struct trace one, two;

	if (!lanes_own(set))
		return;
	for (enum what what = SEAL; what <= OPEN; what++) {
		if (!run(isa[set], s, what, 1, &one) || !run(isa[set], s, what, 2, &two))
			return;
		ck_assert_uint_gt(one.steps, 500);
		ck_assert_uint_eq(one.steps, two.steps);
		ck_assert_uint_eq(one.hash, two.hash);
	}
}
END_TEST

/* And the method does see a branch. */
START_TEST(a_branch_is_seen)
{
	struct trace one, two;

	if (run(NULL, &shapes[0], BRANCH, 1, &one) && run(NULL, &shapes[0], BRANCH, 2, &two))
		ck_assert_uint_ne(one.hash, two.hash);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lanes steps");
	TCase *tc = tcase_create("lanes steps");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, the_same_steps, 0, LANES_SETS * (int)COUNT(shapes));
	tcase_add_test(tc, a_branch_is_seen);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
