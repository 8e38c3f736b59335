/* refuse.c - seccomp filters; see refuse.h. */
#include "t/lib/refuse.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* The half of an argument that holds numbers of 32 bits. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARG(n) ((uint32_t)offsetof(struct seccomp_data, args[n]))
#else
#define ARG(n) ((uint32_t)offsetof(struct seccomp_data, args[n]) + 4)
#endif
#define NR ((uint32_t)offsetof(struct seccomp_data, nr))

#define LOAD(at)       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define IF(how, k, else_skip) BPF_JUMP(BPF_JMP | (how) | BPF_K, (k), 0, (else_skip))
#define REFUSE         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL)
#define ALLOW          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static bool filter(struct sock_filter *rule, unsigned short n)
{
	const struct sock_fprog program = { .len = n, .filter = rule };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool refuse_ioctl(uint32_t request, uint32_t bits)
{
	struct sock_filter rule[] = {
		LOAD(NR),   IF(BPF_JEQ, SYS_ioctl, 5),
		LOAD(ARG(1)), IF(BPF_JEQ, request, 3),
		LOAD(ARG(2)), bits ? (struct sock_filter)IF(BPF_JSET, bits, 1) :
		                     (struct sock_filter)IF(BPF_JGE, 0, 1),
		REFUSE,     ALLOW,
	};

	return filter(rule, sizeof rule / sizeof rule[0]);
}

bool refuse_sockopt(uint32_t level, uint32_t option)
{
	struct sock_filter rule[] = {
		LOAD(NR),   IF(BPF_JEQ, SYS_setsockopt, 5),
		LOAD(ARG(1)), IF(BPF_JEQ, level, 3),
		LOAD(ARG(2)), IF(BPF_JEQ, option, 1),
		REFUSE,     ALLOW,
	};

	return filter(rule, sizeof rule / sizeof rule[0]);
}

bool refuse_writev(uint32_t pieces)
{
	struct sock_filter rule[] = {
		LOAD(NR),   IF(BPF_JEQ, SYS_writev, 3),
		LOAD(ARG(2)), IF(BPF_JGT, pieces, 1),
		REFUSE,     ALLOW,
	};

	return filter(rule, sizeof rule / sizeof rule[0]);
}
