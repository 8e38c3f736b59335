/* doctor.h - what on this machine will hurt a node with this configuration.
 *
 *     probe    looks at files of the machine and at what the configuration asks for
 *     finding  one sentence that says what it does to you, the command that mends it, and the one
 *              that keeps it mended when the machine starts again
 *
 * A probe changes nothing.  Files are looked for below a root, and what no file tells is handed in
 * (struct doctor_machine), so that tests make any machine they like.
 */
#ifndef MILLRACE_CLI_DOCTOR_H
#define MILLRACE_CLI_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "cli/nodefile.h"
#include "core/aead.h"
#include "core/plan.h"

/* What no file tells. */
struct doctor_machine {
	const char *root;    /* before every path; "": this machine                  */
	const char *program; /* its path, for commands                               */
	const char *plugins; /* MILLRACE_PLUGINS; NULL: none                         */
	unsigned    cores;   /* that are granted (core/cores.h)                      */
	bool        gso, gro; /* the kernel cuts UDP messages apart, puts them together */
	bool        synced;  /* the clock is; true too where that cannot be known    */
	bool        running; /* a node of this configuration answers: what is taken is its */
	struct mr_aead_score score[MR_AEAD_MAX]; /* of every provider there is       */
	unsigned    scores;
};

/* A port that the program listens at. */
struct doctor_port {
	struct sockaddr_storage at;
	bool                    tcp;
	bool                    needed;  /* without it the program does not start      */
	const char             *setting; /* that names it                              */
	char                    text[64];
};

#define DOCTOR_PORTS 24

/* What the configuration asks for, as far as a probe wants to know. */
struct doctor_wish {
	uint32_t recv_buf, send_buf; /* bytes, the largest of UDP; 0: there is none   */
	bool     connected;          /* an instance has connected sockets            */
	uint32_t link_mtu;           /* bytes, smallest of UDP; 0: there is none     */
	uint32_t link_mtu_max;       /* ... largest                                  */
	char     link_mtu_by[128], link_mtu_max_by[128]; /* the settings that say so */
	bool     tun, dns, ethernet;
	bool     offload, uso;       /* of the device                                */
	uint32_t tun_mtu;
	char     tun_name[16];
	char     dns_bind[64];
	uint16_t dns_port;
	struct doctor_port port[DOCTOR_PORTS];
	unsigned ports;
};

struct doctor_finding {
	const char *probe;
	bool        problem; /* else advice                        */
	char       *what;    /* owned; one sentence                */
	char       *mend;    /* owned; a command, or what to write where */
	char       *keep;    /* owned; NULL: it stays as it is     */
};

#define DOCTOR_FINDINGS 64

struct doctor {
	const struct doctor_machine *machine;
	const struct cli_node       *node;
	const struct mr_plan        *plan;  /* NULL: the graph has mistakes */
	struct doctor_wish           wish;
	const char                  *probe; /* the one that looks now       */
	struct doctor_finding        list[DOCTOR_FINDINGS];
	unsigned                     n, problems;
};

struct doctor_probe {
	const char *name;  /* "udp-buffers" */
	const char *looks; /* at what, for --help and the list */
	void      (*probe)(struct doctor *d);
};

/* Tables, each ended by { 0 }. */
extern const struct doctor_probe doctor_rights[], doctor_network[], doctor_kernel[];

/* Run every probe of a table, or the one by this name (NULL: all).  The number that ran. */
unsigned doctor_run(struct doctor *d, const struct doctor_probe *table, const char *name);

/* What the settings of a node file that has no mistakes ask for (doctor_wish.c). */
void doctor_wish_of(struct doctor_wish *w, const struct cli_node *node);
void doctor_free(struct doctor *d);

/* ---- for probes ---- */

enum doctor_severity { DOCTOR_ADVICE, DOCTOR_PROBLEM };

/* A finding; the command that mends it is added by the next two. */
void doctor_find(struct doctor *d, enum doctor_severity severity, const char *what, ...)
	__attribute__((format(printf, 3, 4)));
void doctor_mend(struct doctor *d, const char *command, ...) __attribute__((format(printf, 2, 3)));
void doctor_keep(struct doctor *d, const char *command, ...) __attribute__((format(printf, 2, 3)));

/* The text as one word of a shell's, in quotes if it needs some:
 * for names of files and the like. */
#define DOCTOR_WORD 4096 /* bytes; longer ones are cut */
const char *doctor_word(char out[DOCTOR_WORD], const char *text);

/* A setting of the node file: given on the command line, and written into the file.
 * value is JSON. */
void doctor_set(struct doctor *d, const char *setting, const char *value);

/* A sysctl is set now and kept: both commands. */
void doctor_sysctl(struct doctor *d, const char *name, unsigned long value);

/* Files below the root. */
bool doctor_text(const struct doctor *d, const char *path, char *out, size_t room); /* first line */
bool doctor_number(const struct doctor *d, const char *path, unsigned long *out);
bool doctor_exists(const struct doctor *d, const char *path);
/* Open for reading line by line; NULL: it is not there. */
FILE *doctor_open(const struct doctor *d, const char *path);
/* The value behind "Name:" of a file of such lines; false: there is none. */
bool doctor_value(const struct doctor *d, const char *path, const char *name, char *out,
                  size_t room);
/* The value of NAME=value; may stand in quotes. */
bool doctor_setting(const struct doctor *d, const char *path, const char *name, char *out,
                    size_t room);
/* Is the word in a file, or in any file of a folder ("/etc/x.d/")?  Does a file name the port? */
bool doctor_says(const struct doctor *d, const char *path, const char *word);
bool doctor_mentions(const struct doctor *d, const char *path, unsigned port);
unsigned doctor_port_number(const struct doctor_port *p);
bool doctor_can(const struct doctor *d, unsigned capability); /* of ours, in force */
bool doctor_kernel_is(const struct doctor *d, unsigned major, unsigned minor); /* or newer */

/* This machine, looked at; aeads may be NULL (doctor_machine.c). */
void doctor_machine_of_this(struct doctor_machine *m, const struct mr_aead *const *aeads);

#endif
