/* relay_setup - the relay's options, devices and rules, and its summary. */
#include "t/net/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "relay: %s: %s\n", what, why);
	exit(2);
}

/* A device that is set up while somebody holds its other end sends from then on; one that was up
 * before would start some time later. */
static void set_device(const char *name, bool up)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(request.ifr_name, RELAY_DEVICE);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request))
		fail(name, strerror(errno));
	request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		fail(name, strerror(errno));
	close(fd);
}

/* The device lies in the namespace already, with its address; this end of it is ours. */
static int attach(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	char path[256];
	int space, fd;

	snprintf(path, sizeof path, "/run/netns/%s", name);
	space = open(path, O_RDONLY | O_CLOEXEC);
	if (space < 0 || setns(space, CLONE_NEWNET))
		fail(path, strerror(errno));
	close(space);
	set_device(name, false);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	strcpy(request.ifr_name, RELAY_DEVICE);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		fail(name, strerror(errno));
	set_device(name, true);
	return fd;
}

static void add_node(struct relay *r, char *text)
{
	struct relay_node *n = &r->node[r->nodes];
	char *mark = text + strcspn(text, "=~");
	struct in_addr in;

	if (!*mark || inet_pton(AF_INET, mark + 1, &in) != 1)
		fail(text, "not NAME=ADDRESS or NAME~ADDRESS");
	if (r->nodes == FATE_NODES)
		fail(text, "too many nodes");
	n->stranger = *mark == '~';
	*mark = '\0';
	n->name = text;
	n->address = in.s_addr;
	n->fd = attach(text);
	r->nodes++;
}

/* ---- rules ---- */

static bool add_rule(const struct relay *r, struct fates *fates, const char *line)
{
	const char *names[FATE_NODES], *wrong;

	for (unsigned i = 0; i < r->nodes; i++)
		names[i] = r->node[i].name;
	wrong = fate_parse(fates, line, names, r->nodes);
	if (wrong)
		fprintf(stderr, "relay: rule %s: %s\n", line, wrong);
	return !wrong;
}

static bool read_file(const struct relay *r, struct fates *fates)
{
	FILE *f = fopen(r->rules_file, "r");
	char line[512];
	bool good = true;

	if (!f)
		fail(r->rules_file, strerror(errno));
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "#\n")] = '\0';
		if (line[strspn(line, " \t")])
			good = add_rule(r, fates, line) && good;
	}
	fclose(f);
	return good;
}

static bool read_rules(struct relay *r)
{
	static struct fates fates; /* too large for a stack */
	bool good = true;

	fates = (struct fates){ .seed = r->fates.seed };
	for (unsigned i = 0; i < r->rules; i++)
		good = add_rule(r, &fates, r->rule[i]) && good;
	if (r->rules_file)
		good = read_file(r, &fates) && good;
	if (!good)
		return false;
	r->fates = fates;
	r->rules_since = mr_clock_now();
	if (r->log)
		fprintf(r->log, "# %u rules, seed %ju\n", fates.rules, fates.seed);
	return true;
}

void relay_read_rules(struct relay *r)
{
	if (!read_rules(r))
		fprintf(stderr, "relay: the rules stay as they were\n");
}

/* ---- options ---- */

static void usage(void)
{
	fprintf(stderr, "usage: relay [OPTION]... NAME=ADDRESS NAME=ADDRESS...\n"
	        "NAME: a network namespace with a TUN device " RELAY_DEVICE "; NAME~ADDRESS: a stranger's\n"
	        "  -s SEED  of all that is left to chance (1)\n"
	        "  -r RULE  t/lib/fate.h says how they are written\n"
	        "  -f FILE  of rules, one a line; read again at SIGHUP\n"
	        "  -l FILE  what was decided; begins with a line for each time rules were read\n"
	        "  -k FILE  keep datagrams to and from the first node (t/lib/kept.h): all handshake\n"
	        "           packets, of the frames those with a low counter and every eighth after\n");
	exit(2);
}

static FILE *file_of(const char *path, int buffering)
{
	FILE *f = fopen(path, "wb");

	if (!f)
		fail(path, strerror(errno));
	setvbuf(f, NULL, buffering, BUFSIZ);
	return f;
}

void relay_open(struct relay *r, int argc, char **argv)
{
	int option;

	r->fates.seed = 1;
	while ((option = getopt(argc, argv, "s:r:f:l:k:")) != -1) {
		switch (option) {
		case 's': r->fates.seed = strtoull(optarg, NULL, 10); break;
		case 'f': r->rules_file = optarg; break;
		case 'l': r->log = file_of(optarg, _IOLBF); break;
		case 'k': r->kept = file_of(optarg, _IOFBF); break;
		case 'r':
			if (r->rules == RELAY_RULES)
				fail(optarg, "too many rules as options");
			r->rule[r->rules++] = optarg;
			break;
		default: usage();
		}
	}
	if (optind == argc)
		usage();
	for (int i = optind; i < argc; i++)
		add_node(r, argv[i]);
	if (!read_rules(r))
		exit(2);
}

void relay_close(struct relay *r)
{
	if (r->log)
		fclose(r->log);
	if (r->kept)
		fclose(r->kept);
	witness_free(&r->witness);
	later_free(&r->later);
}

/* ---- the summary ---- */

static void say_way(const struct relay *r, unsigned from, unsigned to, FILE *f)
{
	const struct relay_way *w = &r->way[from][to];

	fprintf(f, ", \"%s-%s\": { \"packets\": %lu, \"delivered\": %lu, \"gone\": %lu",
	        r->node[from].name, r->node[to].name, w->packets, w->delivered, w->gone);
	for (unsigned verb = 0; verb < FATE_VERBS; verb++)
		fprintf(f, ", \"%s\": %lu", fate_verb_name[verb], w->verb[verb]);
	fprintf(f, " }");
}

bool relay_summary(const struct relay *r, FILE *f)
{
	bool judging = false;

	fprintf(f, "{ \"frames\": %lu, \"handshakes\": %lu, \"foreign\": %lu, \"repeats\": %lu, "
	        "\"clashes\": %lu, \"unsent\": %lu, \"nowhere\": %lu, \"waiting\": %u, \"keys\": %u",
	        r->frames, r->handshakes, r->foreign, r->repeats, r->clashes, r->unsent, r->nowhere,
	        r->later.n + r->later.holding, r->witness.keys);
	for (unsigned from = 0; from < r->nodes; from++) {
		judging = judging || !r->node[from].stranger;
		for (unsigned to = 0; to < r->nodes; to++) {
			if (r->way[from][to].packets)
				say_way(r, from, to, f);
		}
	}
	fprintf(f, " }\n");
	return !r->foreign && !r->clashes && (!judging || (r->frames && r->handshakes));
}
