/* doctor_rights.c - what the program may do here, and who else may read what it keeps secret. */
#include "cli/doctor.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/json.h"
#include "stages/lib/udp.h"

#define LOCKED   (8u << 20) /* bytes: keys of some hundred peers          */
#define FILES    256        /* descriptors besides those of neighbours    */

static const char *program(const struct doctor *d, char quoted[DOCTOR_WORD])
{
	return doctor_word(quoted, d->machine->program);
}

/* ---- capabilities ---- */

/* A setcap names all that are to be there: it takes the others away. */
static void mend_rights(struct doctor *d)
{
	char quoted[DOCTOR_WORD];

	doctor_mend(d, "setcap cap_net_admin%s+ep %s", d->wish.ethernet ? ",cap_net_raw" : "",
	            program(d, quoted));
	doctor_keep(d, "the same after each installation, or run it as a service: systemctl enable "
	               "--now millrace");
}

static void look_rights(struct doctor *d)
{
	if (d->wish.tun && !doctor_can(d, CAP_NET_ADMIN)) {
		doctor_find(d, DOCTOR_PROBLEM,
		            "without CAP_NET_ADMIN the program cannot make %s: it will not start",
		            d->wish.tun_name);
		mend_rights(d);
	}
	if (d->wish.ethernet && !doctor_can(d, CAP_NET_RAW)) {
		doctor_find(d, DOCTOR_PROBLEM,
		            "without CAP_NET_RAW the program cannot open transports.ethernet: it will "
		            "not start");
		mend_rights(d);
	}
}

/* ---- the device ---- */

static bool stat_of(const struct doctor *d, const char *path, struct stat *st)
{
	char at[4096];

	return snprintf(at, sizeof at, "%s%s", *path == '/' ? d->machine->root : "", path) <
	               (int)sizeof at && lstat(at, st) == 0;
}

/* udev lets everybody open it; a machine without udev has it as the kernel makes it, for root. */
static void look_mode(struct doctor *d)
{
	struct stat st;

	if (doctor_can(d, CAP_DAC_OVERRIDE) || !stat_of(d, "/dev/net/tun", &st) ||
	    (st.st_mode & 06) == 06)
		return;
	doctor_find(d, DOCTOR_ADVICE,
	            "/dev/net/tun has mode %03o: unless its owner or group runs the program, it will "
	            "not start", (unsigned)st.st_mode & 0777);
	doctor_mend(d, "chmod 666 /dev/net/tun  (whom it lets in still needs CAP_NET_ADMIN)");
	doctor_keep(d, "echo 'z /dev/net/tun 0666 - -' >/etc/tmpfiles.d/millrace-tun.conf");
}

static void look_device(struct doctor *d)
{
	if (!d->wish.tun)
		return;
	if (doctor_exists(d, "/dev/net/tun")) {
		look_mode(d);
		return;
	}
	doctor_find(d, DOCTOR_PROBLEM,
	            "there is no /dev/net/tun: %s cannot be made, and the program will not start",
	            d->wish.tun_name);
	doctor_mend(d, "modprobe tun");
	doctor_keep(d, "echo tun >/etc/modules-load.d/millrace.conf");
}

/* ---- secrets in files ---- */

/* A node file with a key that its service's user reads as a member of the group:
 * chmod would end the service. */
static bool is_for_group(const struct stat *st)
{
	return (st->st_mode & 077) == 040;
}

static void mend_secret(struct doctor *d, const char *file, bool in_node_file,
                        const struct stat *st)
{
	char quoted[DOCTOR_WORD];
	const char *word = doctor_word(quoted, file);

	if (in_node_file && is_for_group(st))
		doctor_mend(d, "(umask 077; jq -r .node.identity.nsec %s >node.key)  and in the node file \"key_file\": "
		               "\"node.key\" in place of \"nsec\"; beside it, the file belongs to who runs the node",
		               word);
	else
		doctor_mend(d, "chmod 600 %s", word);
}

static void look_secret(struct doctor *d, const char *file, bool in_node_file)
{
	const char *what = in_node_file ? "the key stands in the node file:" : "the key file";
	struct stat st;
	char folder[4096], quoted[DOCTOR_WORD], *slash;

	if (!stat_of(d, file, &st) || !S_ISREG(st.st_mode))
		return;
	if (st.st_mode & 077) {
		doctor_find(d, DOCTOR_PROBLEM,
		            "%s %s has mode %03o: whoever reads it can be this node", what, file,
		            (unsigned)st.st_mode & 0777);
		mend_secret(d, file, in_node_file, &st);
	}
	snprintf(folder, sizeof folder, "%s", file);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return;
	*slash = '\0';
	if (stat_of(d, folder, &st) && (st.st_mode & 022) && !(st.st_mode & S_ISVTX)) {
		doctor_find(d, DOCTOR_PROBLEM,
		            "others may write in %s (mode %03o): they can put another in the place of %s",
		            folder, (unsigned)st.st_mode & 0777, file);
		doctor_mend(d, "chmod go-w %s", doctor_word(quoted, folder));
	}
}

/* A path of the node file, from its folder. */
static void beside(const struct doctor *d, const char *name, char *out, size_t room)
{
	const char *file = d->node->file, *slash = file && *name != '/' ? strrchr(file, '/') : NULL;

	snprintf(out, room, "%.*s%s", slash ? (int)(slash + 1 - file) : 0, slash ? file : "", name);
}

static void look_keys(struct doctor *d)
{
	const char *key = json_string_value(mr_json_at(d->node->doc, "node.identity.key_file"));
	char path[4096];

	if (d->node->file && mr_json_at(d->node->doc, "node.identity.nsec")) {
		look_secret(d, d->node->file, true);
		return;
	}
	if (!key && json_is_true(mr_json_at(d->node->doc, "node.identity.persistent")))
		key = "fips.key";
	if (!key)
		return;
	beside(d, key, path, sizeof path);
	look_secret(d, path, false);
}

/* ---- limits ---- */

/* The hard limit of a line of /proc/self/limits; false: there is none. */
static bool limit_of(const struct doctor *d, const char *name, bool hard, unsigned long *out)
{
	FILE *f = doctor_open(d, "/proc/self/limits");
	char line[256], soft[32], most[32];
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f))
		found = !strncmp(line, name, strlen(name)) &&
		        sscanf(line + strlen(name), "%31s %31s", soft, most) == 2;
	if (f)
		fclose(f);
	return found && sscanf(hard ? most : soft, "%lu", out) == 1;
}

static bool swaps(const struct doctor *d)
{
	FILE *f = doctor_open(d, "/proc/swaps");
	char line[256];
	unsigned lines = 0;

	while (f && fgets(line, sizeof line, f))
		lines++;
	if (f)
		fclose(f);
	return lines > 1; /* the first says what the columns are */
}

static void look_locked(struct doctor *d)
{
	unsigned long most;

	if (!swaps(d) || doctor_can(d, CAP_IPC_LOCK) || doctor_can(d, CAP_SYS_RESOURCE) ||
	    !limit_of(d, "Max locked memory", true, &most) || most >= LOCKED)
		return;
	doctor_find(d, DOCTOR_ADVICE,
	            "only %lu KiB may be locked in memory, and this machine swaps: keys of many peers may "
	            "be written to disk", most / 1024);
	doctor_mend(d, "prlimit --pid $$ --memlock=%u:%u  (as root, in the shell that starts it)",
	            LOCKED, LOCKED);
	doctor_keep(d, "echo '* - memlock %u' >/etc/security/limits.d/millrace.conf  (a service has "
	               "LimitMEMLOCK=)", LOCKED / 1024);
}

/* Neighbours that connect find no descriptor, and go by the shared socket (R16). */
static void look_files(struct doctor *d)
{
	unsigned long most, want = FILES + MR_UDP_PEERS_MAX;

	if (!d->wish.connected || !limit_of(d, "Max open files", false, &most) || most >= want)
		return;
	doctor_find(d, DOCTOR_ADVICE,
	            "%lu files may be open: some of up to %u neighbours will have no connected socket and "
	            "go by the shared one", most, MR_UDP_PEERS_MAX);
	doctor_mend(d, "ulimit -n %lu  (in the shell that starts it)", want);
	doctor_keep(d, "echo '* - nofile %lu' >/etc/security/limits.d/millrace-files.conf  (a service "
	               "has LimitNOFILE=)", want);
}

const struct doctor_probe doctor_rights[] = {
	{ "rights", "capabilities to make the device and open Ethernet", look_rights },
	{ "tun-device", "/dev/net/tun", look_device },
	{ "key-file", "who may read the key, or exchange it", look_keys },
	{ "locked-memory", "how much may be kept out of swap", look_locked },
	{ "open-files", "descriptors for connected sockets", look_files },
	{ 0 }
};
