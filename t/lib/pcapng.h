/* pcapng.h - a small reader of pcapng files, for tests: little-endian, of the three blocks a
 * capture of ours has.  Anything else, and anything that does not add up, fails the test. */
#ifndef T_LIB_PCAPNG_H
#define T_LIB_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

#define PCAPNG_INTERFACES 64
#define PCAPNG_PACKETS    4096

struct pcapng_interface {
	unsigned link;
	char     name[64];
	unsigned resolution; /* if_tsresol */
};

struct pcapng_packet {
	unsigned       interface; /* in the file */
	uint64_t       time;
	uint32_t       len, original;
	uint32_t       flags; /* epb_flags, 0: not there */
	const uint8_t *data;
};

struct pcapng_file {
	uint8_t                *bytes; /* owned */
	size_t                  size;
	struct pcapng_interface interface[PCAPNG_INTERFACES];
	unsigned                interfaces, sections;
	unsigned                base; /* the first interface of the section at hand */
	struct pcapng_packet    packet[PCAPNG_PACKETS];
	unsigned                packets;
};

struct pcapng_file *pcapng_read(const char *path);
void pcapng_free(struct pcapng_file *f);

#endif
