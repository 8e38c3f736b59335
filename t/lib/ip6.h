/* ip6.h - IPv6 packets with TCP or UDP, made and judged byte by byte: slow, plain, and by other
 * code than what is tested.  TCP and UDP stand right behind the IPv6 header.
 */
#ifndef T_LIB_IP6_H
#define T_LIB_IP6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP6_FIN 0x01
#define IP6_SYN 0x02
#define IP6_PSH 0x08
#define IP6_ACK 0x10
#define IP6_ECE 0x40
#define IP6_CWR 0x80

/* What a packet is made of. */
struct ip6 {
	bool     udp;
	uint8_t  from, to;  /* last byte of either mesh address  */
	uint16_t sport, dport;
	uint32_t seq, ack;  /* TCP                               */
	uint8_t  flags;     /* TCP                               */
	uint8_t  options;   /* TCP: words of 4, [0, 10]          */
	uint8_t  tclass, hops;
	uint32_t payload;   /* bytes, a pattern of `seed`        */
	uint8_t  seed;
};

/* Write it with its checksum; returns its length. */
size_t ip6_make(uint8_t *out, const struct ip6 *p);

/* Bytes of its IPv6 and TCP or UDP header. */
size_t ip6_head(const struct ip6 *p);

/* The sum of RFC 1071 over n bytes and `with`, words with the high byte first, not complemented. */
uint16_t ip6_sum(const uint8_t *at, size_t n, uint32_t with);

/* The sum of the pseudo header for `len` bytes of TCP or UDP. */
uint16_t ip6_pseudo(const uint8_t *ip, uint32_t len);

/* Does its checksum hold (and for UDP: is there one), and do its lengths say n? */
bool ip6_sound(const uint8_t *ip, size_t n);

#endif
