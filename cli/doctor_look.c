/* doctor_look.c - findings, and what probes look with; see doctor.h. */
#include "cli/doctor.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log_text.h"

#define PATH_ROOM 4096

/* ---- findings ---- */

unsigned doctor_run(struct doctor *d, const struct doctor_probe *table, const char *name)
{
	unsigned ran = 0;

	for (; table->name; table++) {
		if (name && strcmp(name, table->name))
			continue;
		d->probe = table->name;
		table->probe(d);
		ran++;
	}
	return ran;
}

/* What stands in files may be anything: here it is for a terminal, and for JSON. */
static char *text_of(const char *fmt, va_list ap)
{
	struct mr_line line = { 0 };
	char *text;
	int n = vasprintf(&text, fmt, ap);

	if (n < 0 || !(line.text = malloc((size_t)n + 1)))
		abort();
	line.room = (size_t)n;
	mr_line_plain(&line, text, (size_t)n);
	line.text[line.n] = '\0';
	free(text);
	return line.text;
}

const char *doctor_word(char out[DOCTOR_WORD], const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,-";
	size_t n = 0;

	if (*text && text[strspn(text, plain)] == '\0')
		return text;
	out[n++] = '\'';
	for (; *text && n < DOCTOR_WORD - 6; text++) {
		if (*text == '\'')
			n += (size_t)snprintf(out + n, DOCTOR_WORD - n, "'\\''");
		else
			out[n++] = *text;
	}
	out[n++] = '\'';
	out[n] = '\0';
	return out;
}

/* One that would be too many takes the last one's place: it is counted all the same. */
void doctor_find(struct doctor *d, enum doctor_severity severity, const char *what, ...)
{
	struct doctor_finding *f = &d->list[d->n < DOCTOR_FINDINGS ? d->n++ : DOCTOR_FINDINGS - 1];
	va_list ap;

	free(f->what);
	free(f->mend);
	free(f->keep);
	va_start(ap, what);
	*f = (struct doctor_finding){ .probe = d->probe, .problem = severity == DOCTOR_PROBLEM,
		                      .what = text_of(what, ap) };
	va_end(ap);
	d->problems += f->problem;
}

static void set(char **at, const char *fmt, va_list ap)
{
	free(*at);
	*at = text_of(fmt, ap);
}

void doctor_mend(struct doctor *d, const char *command, ...)
{
	va_list ap;

	va_start(ap, command);
	set(&d->list[d->n - 1].mend, command, ap);
	va_end(ap);
}

void doctor_keep(struct doctor *d, const char *command, ...)
{
	va_list ap;

	va_start(ap, command);
	set(&d->list[d->n - 1].keep, command, ap);
	va_end(ap);
}

/* A path of settings as jq has it: "a.b-c" is .a["b-c"]. */
static void path_of(const char *setting, char out[512])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	size_t n = 0;

	while (*setting && n < 400) {
		size_t len = strcspn(setting, ".");
		bool simple = strspn(setting, plain) >= len && (*setting < '0' || *setting > '9');

		n += (size_t)snprintf(out + n, 512 - n, simple ? ".%.*s" : "[\"%.*s\"]",
		                      len < 100 ? (int)len : 100, setting);
		setting += len + (setting[len] == '.');
	}
}

/* The file keeps its owner and its mode. */
void doctor_set(struct doctor *d, const char *setting, const char *value)
{
	const char *file = d->node->file ? d->node->file : "millrace.json",
		   *dot = strrchr(file, '.');
	char path[512] = "", change[600], quoted[2][DOCTOR_WORD];

	snprintf(change, sizeof change, "%s=%s", setting, value);
	file = doctor_word(quoted[0], file);
	doctor_mend(d, "millrace run -c %s --set %s", file, doctor_word(quoted[1], change));
	path_of(setting, path);
	snprintf(change, sizeof change, "%s = %s", path, value);
	if (dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml")))
		doctor_keep(d, "write %s: %s into %s", setting, value, file);
	else
		doctor_keep(d, "new=$(jq %s %s) && printf '%%s\\n' \"$new\" >%s",
		            doctor_word(quoted[1], change), file, file);
}

/* A file for each: several may be wanted, and none is to undo another. */
void doctor_sysctl(struct doctor *d, const char *name, unsigned long value)
{
	doctor_mend(d, "sysctl -w %s=%lu", name, value);
	doctor_keep(d, "echo %s=%lu >/etc/sysctl.d/90-millrace-%s.conf", name, value, name);
}

void doctor_free(struct doctor *d)
{
	for (unsigned i = 0; i < d->n; i++) {
		free(d->list[i].what);
		free(d->list[i].mend);
		free(d->list[i].keep);
	}
	d->n = d->problems = 0;
}

/* ---- files ---- */

static bool below(const struct doctor *d, const char *path, char out[PATH_ROOM])
{
	return snprintf(out, PATH_ROOM, "%s%s", d->machine->root, path) < PATH_ROOM;
}

FILE *doctor_open(const struct doctor *d, const char *path)
{
	char at[PATH_ROOM];

	return below(d, path, at) ? fopen(at, "re") : NULL;
}

bool doctor_exists(const struct doctor *d, const char *path)
{
	char at[PATH_ROOM];

	return below(d, path, at) && access(at, F_OK) == 0;
}

bool doctor_text(const struct doctor *d, const char *path, char *out, size_t room)
{
	FILE *f = doctor_open(d, path);
	bool read = f && fgets(out, (int)room, f);

	if (f)
		fclose(f);
	if (read)
		out[strcspn(out, "\n")] = '\0';
	return read;
}

bool doctor_number(const struct doctor *d, const char *path, unsigned long *out)
{
	char text[64];

	return doctor_text(d, path, text, sizeof text) && sscanf(text, "%lu", out) == 1;
}

bool doctor_value(const struct doctor *d, const char *path, const char *name, char *out,
                  size_t room)
{
	FILE *f = doctor_open(d, path);
	size_t n = strlen(name);
	char line[4096];
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f)) {
		const char *rest = line + n;

		if (strncmp(line, name, n))
			continue;
		rest += strspn(rest, " \t");
		if (*rest++ != ':')
			continue;
		rest += strspn(rest, " \t");
		snprintf(out, room, "%.*s", (int)strcspn(rest, "\n"), rest);
		found = true;
	}
	if (f)
		fclose(f);
	return found;
}

bool doctor_setting(const struct doctor *d, const char *path, const char *name, char *out,
                    size_t room)
{
	FILE *f = doctor_open(d, path);
	size_t n = strlen(name);
	char line[1024];
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f)) {
		const char *value = line + n + 1;

		found = !strncmp(line, name, n) && line[n] == '=';
		if (found)
			snprintf(out, room, "%.*s", (int)strcspn(value + strspn(value, "\""), "\"\n"),
			         value + strspn(value, "\""));
	}
	if (f)
		fclose(f);
	return found;
}

static bool file_says(const struct doctor *d, const char *path, const char *word)
{
	FILE *f = doctor_open(d, path);
	char line[1024];
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f))
		found = line[strspn(line, " \t")] != '#' && strstr(line, word);
	if (f)
		fclose(f);
	return found;
}

bool doctor_says(const struct doctor *d, const char *path, const char *word)
{
	char at[PATH_ROOM];
	const struct dirent *entry;
	bool found = false;
	DIR *folder;

	if (path[strlen(path) - 1] != '/')
		return file_says(d, path, word);
	folder = below(d, path, at) ? opendir(at) : NULL;
	while (folder && !found && (entry = readdir(folder))) {
		snprintf(at, sizeof at, "%s%s", path, entry->d_name);
		found = entry->d_name[0] != '.' && file_says(d, at, word);
	}
	if (folder)
		closedir(folder);
	return found;
}

bool doctor_mentions(const struct doctor *d, const char *path, unsigned port)
{
	char word[16];

	snprintf(word, sizeof word, "%u", port);
	return doctor_says(d, path, word);
}

unsigned doctor_port_number(const struct doctor_port *p)
{
	return ntohs(p->at.ss_family == AF_INET6 ?
	                     ((const struct sockaddr_in6 *)&p->at)->sin6_port :
	                     ((const struct sockaddr_in *)&p->at)->sin_port);
}

bool doctor_can(const struct doctor *d, unsigned capability)
{
	char text[64];

	return doctor_value(d, "/proc/self/status", "CapEff", text, sizeof text) &&
	       (strtoull(text, NULL, 16) >> capability & 1);
}

bool doctor_kernel_is(const struct doctor *d, unsigned major, unsigned minor)
{
	unsigned has[2];
	char text[64];

	if (!doctor_text(d, "/proc/sys/kernel/osrelease", text, sizeof text) ||
	    sscanf(text, "%u.%u", &has[0], &has[1]) != 2)
		return true; /* not known to be older */
	return has[0] != major ? has[0] > major : has[1] >= minor;
}
