/* blocks.c - see blocks.h. */
#include "plugins/tap/blocks.h"

#include <netinet/in.h>
#include <string.h>

#include "core/wire.h"
#include "stages/lib/words.h"

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, PACKET = 6 };
enum { OPT_END = 0, OPT_USERAPPL = 4, OPT_NAME = 2, OPT_DESCRIPTION = 3, OPT_TSRESOL = 9,
       OPT_FLAGS = 2 };

#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define NANOSECONDS      9   /* of a time stamp's unit: 10^-9 s   */
#define IP4_HEADER       20
#define IP6_HEADER       40
#define UDP_HEADER       8
#define HOPS             64

static uint32_t padding(uint32_t n)
{
	return (4 - n % 4) % 4;
}

static void put_pad(struct mr_wire *w, uint32_t n)
{
	static const uint8_t zeros[4];

	mr_put_bytes(w, zeros, padding(n));
}

static void put_option(struct mr_wire *w, uint16_t code, const void *value, uint16_t n)
{
	mr_put_le16(w, code);
	mr_put_le16(w, n);
	mr_put_bytes(w, value, n);
	put_pad(w, n);
}

/* Both lengths of a block that began at `out`. */
static uint32_t finish(struct mr_wire *w, uint8_t *out)
{
	uint32_t len = (uint32_t)(w->at - out) + 4;

	mr_to_le32(out + 4, len);
	mr_put_le32(w, len);
	return len;
}

uint32_t block_section(uint8_t out[BLOCK_SECTION])
{
	struct mr_wire w = mr_wire_write(out, BLOCK_SECTION);

	mr_put_le32(&w, SECTION);
	mr_put_le32(&w, 0);
	mr_put_le32(&w, BYTE_ORDER_MAGIC);
	mr_put_le16(&w, 1); /* version 1.0 */
	mr_put_le16(&w, 0);
	mr_put_le64(&w, UINT64_MAX); /* its length is not said */
	put_option(&w, OPT_USERAPPL, "millrace", 8);
	put_option(&w, OPT_END, NULL, 0);
	return finish(&w, out);
}

static const char *meaning(unsigned link)
{
	switch (link) {
	case LINK_RAW:      return "FMP frames, in IP and UDP headers made up from the neighbour's address";
	case LINK_FRAME:    return "FMP frames";
	case LINK_MESSAGE:  return "FMP link messages from the type byte";
	case LINK_DATAGRAM: return "SessionDatagrams from the type byte";
	case LINK_BODY:     return "FSP messages, type byte and body";
	default:            return "IPv6 packets of the mesh";
	}
}

uint32_t block_interface(uint8_t out[BLOCK_INTERFACE], const char *name, unsigned link)
{
	static const uint8_t resolution = NANOSECONDS;
	struct mr_wire w = mr_wire_write(out, BLOCK_INTERFACE);
	const char *text = meaning(link);

	mr_put_le32(&w, INTERFACE);
	mr_put_le32(&w, 0);
	mr_put_le16(&w, (uint16_t)link);
	mr_put_le16(&w, 0);
	mr_put_le32(&w, 0); /* packets are as long as they are said to be */
	put_option(&w, OPT_NAME, name, (uint16_t)strlen(name));
	put_option(&w, OPT_DESCRIPTION, text, (uint16_t)strlen(text));
	put_option(&w, OPT_TSRESOL, &resolution, 1);
	put_option(&w, OPT_END, NULL, 0);
	return finish(&w, out);
}

/* ---- a frame as a UDP datagram between its neighbour and us ---- */

unsigned block_link(const struct mr_pkt *copy)
{
	static const unsigned links[] = {
		[MR_SHAPE_FRAME] = LINK_FRAME,       [MR_SHAPE_IP] = LINK_IPV6,
		[MR_SHAPE_MESSAGE] = LINK_MESSAGE,   [MR_SHAPE_DATAGRAM] = LINK_DATAGRAM,
		[MR_SHAPE_BODY] = LINK_BODY,
	};

	if (copy->mark >= sizeof links / sizeof *links)
		return LINK_FRAME;
	/* an Ethernet address is shorter than any that IP has */
	if (copy->mark == MR_SHAPE_FRAME && mr_pkt_via(copy)->len >= sizeof(struct sockaddr_in))
		return LINK_RAW;
	return links[copy->mark];
}

/* The headers: the neighbour is who sent it, or with `out` to whom it goes; our own address is not
 * in the packet and stays zero.  Returns their length. */
static uint32_t wrap(uint8_t *at, const struct fips_via *via, bool out, uint32_t payload)
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;
	uint8_t *udp, ours = out ? 0 : 1;

	memset(at, 0, IP6_HEADER + UDP_HEADER);
	memcpy(&four, via->sock, sizeof four);
	memcpy(&six, via->sock, sizeof six);
	if (four.sin_family == AF_INET) {
		at[0] = 0x45;
		mr_to_be16(at + 2, (uint16_t)(IP4_HEADER + UDP_HEADER + payload));
		at[8] = HOPS;
		at[9] = IPPROTO_UDP;
		memcpy(at + (ours ? 12 : 16), &four.sin_addr, 4);
		udp = at + IP4_HEADER;
		memcpy(udp + (ours ? 0 : 2), &four.sin_port, 2);
	} else {
		at[0] = 0x60;
		mr_to_be16(at + 4, (uint16_t)(UDP_HEADER + payload));
		at[6] = IPPROTO_UDP;
		at[7] = HOPS;
		memcpy(at + (ours ? 8 : 24), &six.sin6_addr, 16);
		udp = at + IP6_HEADER;
		memcpy(udp + (ours ? 0 : 2), &six.sin6_port, 2);
	}
	mr_to_be16(udp + 4, (uint16_t)(UDP_HEADER + payload));
	return (uint32_t)(udp + UDP_HEADER - at);
}

void block_packet(struct block_ends *ends, const struct block_packet *b, const struct mr_pkt *copy,
                  const struct tap_note *note)
{
	uint8_t made_up[IP6_HEADER + UDP_HEADER], flags[4];
	struct mr_wire w = mr_wire_write(ends->head, BLOCK_HEAD);
	uint32_t extra = 0, len;

	if (b->link == LINK_RAW)
		extra = wrap(made_up, mr_pkt_via(copy), note->direction == TAP_OUT, note->len);
	len = extra + copy->len;
	mr_put_le32(&w, PACKET);
	mr_put_le32(&w, 0);
	mr_put_le32(&w, b->interface);
	mr_put_le32(&w, (uint32_t)(b->time >> 32));
	mr_put_le32(&w, (uint32_t)b->time);
	mr_put_le32(&w, len);
	mr_put_le32(&w, extra + note->len);
	mr_put_bytes(&w, made_up, extra);
	ends->nhead = (uint32_t)(w.at - ends->head);

	w = mr_wire_write(ends->tail, BLOCK_TAIL);
	put_pad(&w, len);
	if (note->direction != TAP_UNSAID) {
		mr_to_le32(flags, note->direction); /* 1 inbound, 2 outbound */
		put_option(&w, OPT_FLAGS, flags, 4);
		put_option(&w, OPT_END, NULL, 0);
	}
	ends->ntail = (uint32_t)(w.at - ends->tail) + 4;
	mr_put_le32(&w, ends->nhead + copy->len + ends->ntail);
	mr_to_le32(ends->head + 4, ends->nhead + copy->len + ends->ntail);
}
