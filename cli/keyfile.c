/* keyfile.c - reading and writing secret keys (link.md 1.5). */
#include "cli/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/rand.h"

/* ---- reading ---- */

static const char *open_error(int error)
{
	switch (error) {
	case ELOOP:
		return "is a symbolic link, which a key file may not be";
	case ENOENT:
		return "is not there; `millrace keygen --out FILE` makes one";
	default:
		return strerror(error);
	}
}

/* Up to CLI_KEY_MAX - 1 bytes; a length of that many means the file is too long. */
static ssize_t read_text(int fd, char text[CLI_KEY_MAX])
{
	size_t n = 0;

	while (n < CLI_KEY_MAX - 1) {
		ssize_t got = read(fd, text + n, CLI_KEY_MAX - 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	text[n] = '\0';
	return (ssize_t)n;
}

static void trim(char *text)
{
	size_t n = strlen(text), skip = strspn(text, " \t\r\n");

	memmove(text, text + skip, n - skip + 1);
	for (n -= skip; n > 0 && strchr(" \t\r\n", text[n - 1]); n--)
		text[n - 1] = '\0';
}

/* What is wrong with the open file, or NULL with its text trimmed. */
static const char *take(int fd, char text[CLI_KEY_MAX], struct mr_where where,
                        struct mr_report *report)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "is not a regular file";
	if (st.st_mode & 077)
		mr_warn(report, where,
			"mode %03o lets others at the secret key; chmod 600 takes that away",
			(unsigned)st.st_mode & 0777);
	n = read_text(fd, text);
	if (n < 0)
		return strerror(errno);
	if (n == CLI_KEY_MAX - 1)
		return "is too long for a secret key";
	trim(text);
	return *text ? NULL : "is empty";
}

bool cli_key_read(const char *file, char text[CLI_KEY_MAX], struct mr_report *report)
{
	struct mr_where where = { .file = file };
	int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	const char *wrong = fd < 0 ? open_error(errno) : take(fd, text, where, report);

	if (fd >= 0)
		close(fd);
	if (!wrong)
		return true;
	mr_complain(report, where, "the key file: %s", wrong);
	explicit_bzero(text, CLI_KEY_MAX);
	return false;
}

/* ---- writing ---- */

static int create(const char *file, mode_t mode, struct mr_report *report)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0 && errno == EEXIST)
		mr_complain(report, (struct mr_where){ .file = file },
			    "is there already, and keys are never overwritten");
	else if (fd < 0)
		mr_complain(report, (struct mr_where){ .file = file }, "cannot make it: %s",
			    strerror(errno));
	return fd;
}

/* Mode, then content, so that no moment shows the key to others. */
static bool fill(int fd, mode_t mode, const char *text)
{
	size_t n = strlen(text);

	return fchmod(fd, mode) == 0 && write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
}

bool cli_key_write(const char *secret_file, const char *public_file,
                   const struct fips_identity *id, struct mr_report *report)
{
	char nsec[FIPS_KEY_TEXT + 1], npub[FIPS_KEY_TEXT + 1];
	int secret = create(secret_file, 0600, report), public = -1;
	bool ok;

	if (secret < 0)
		return false;
	public = create(public_file, 0644, report);
	fips_nsec_format(id->secret, nsec);
	strcat(nsec, "\n");
	strcat(strcpy(npub, id->npub), "\n");
	ok = public >= 0 && fill(secret, 0600, nsec) && fill(public, 0644, npub);
	explicit_bzero(nsec, sizeof nsec);
	if (public >= 0 && !ok) {
		mr_complain(report, (struct mr_where){ .file = secret_file }, "cannot write it: %s",
			    strerror(errno));
		unlink(public_file);
	}
	if (!ok)
		unlink(secret_file);
	if (public >= 0)
		close(public);
	close(secret);
	return ok;
}

/* ---- keys ---- */

void cli_key_fresh(struct fips_identity *id, const struct fips_curve *curve)
{
	struct mr_rand rand = mr_rand_system();
	uint8_t secret[FIPS_SECRET_LEN];

	do /* again once in 2^128: a scalar out of range */
		mr_rand_bytes(&rand, secret, sizeof secret);
	while (fips_identity_of_secret(id, curve, secret));
	explicit_bzero(secret, sizeof secret);
}

void cli_key_print(const struct fips_identity *id)
{
	uint8_t ip[FIPS_IPV6_LEN];
	char addr[FIPS_ADDR_TEXT], ipv6[FIPS_IPV6_TEXT];

	fips_addr_to_ipv6(&id->addr, ip);
	fips_addr_text(&id->addr, addr);
	fips_ipv6_text(ip, ipv6);
	printf("npub          %s\nnode address  %s\nmesh address  %s\n", id->npub, addr, ipv6);
}
