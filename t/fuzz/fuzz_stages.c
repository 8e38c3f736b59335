/* Any data stage, and those of the plugins tap and impair, given anything: packets of every shape
 * on every input, orders, tables that change, time, readable descriptors, outputs that are held.
 * Whatever comes, every packet goes one way, no more than a vector leaves by an output in one call
 * (the runtime asserts it), no view leaves its buffer, what is held back is released, and all
 * packets are at home when the rig closes.
 *
 * The input begins with a subject's name and a newline: a kind's, or one of `of_plugins`.  Then
 * records, each an operation (1 byte, its number modulo 8), an argument (1), a length (2,
 * little-endian) and its bytes:
 *
 *     0  a packet of these bytes for input `argument`; byte 0: which link and session it is of,
 *        byte 1: mark, flags and key that it names, byte 2: where it is to be sent
 *     1  the same, sealed: a frame, perhaps with a message inside, a message in its envelope, or an
 *        IPv6 packet, by the argument
 *     2  turns until nothing happens
 *     3  an order of kind `argument`; byte 0: about which key.  A stage of the device takes none:
 *        has the device offloads (argument, bit 0), also for UDP (bit 1)?
 *     4  `argument` * 2^byte 0 ms pass
 *     5  a table entry comes or goes
 *     6  a datagram arrives at the stage's socket, a packet at its device
 *     7  outputs named by the argument's bits are held, the others let go
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/build.h"
#include "core/wire.h"
#include "fips/path/ip.h"
#include "fips/wire/link.h"
#include "stages/lib/mesh.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/tun.h"
#include "stages/lib/udp.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/modules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MOST    1300 /* bytes of a packet                                  */
#define RECORDS 200  /* of one input, so that it ends                      */
#define FED     300  /* packets before turns, so that the pool holds them  */

/* Stages of modules, with settings that make them do something. */
static const struct subject {
	const char *name, *module, *kind, *settings;
} of_plugins[] = {
	{ "impair", "impair", "impair",
	  "{\"seed\":7,\"loss\":10,\"duplicate\":20,\"reorder\":20,\"delay\":3000,"
	  "\"jitter\":2000}" },
	{ "impair-doubles", "impair", "impair", "{\"duplicate\":100,\"reorder\":50}" },
	{ "tap", "tap", "tap", "{\"capture\":true,\"direction\":\"out\"}" },
	{ "tap-short", "tap", "tap", "{\"capture\":true,\"direction\":\"in\",\"snap\":20}" },
	{ "tap-peer", "tap", "tap",
	  "{\"capture\":true,\"peer\":\"00112233445566778899aabbccddeeff\"}" },
};

/* What the stage lives in: link and session with A, a session with T that is expected. */
struct world {
	const struct mr_kind    *kind;
	struct rig              *rig;
	struct keys             *link_key, *session_key;
	struct fips_link_recv    link;
	struct fips_session_recv session;
	struct fips_via          via;      /* the socket `far` */
	uint64_t                 near[3], to[3]; /* handles of links and sessions        */
	struct mr_udp           *udp;      /* NULL: the stage has no socket      */
	int                      far;      /* the other end of socket and device */
	int                      device;   /* or -1                              */
	uint64_t                 now;
	unsigned                 fed;
	uint64_t                 counter;  /* of what is sealed                  */
};

static const uint8_t link_secret[MR_AEAD_KEY] = { 1 }, session_secret[MR_AEAD_KEY] = { 2 };

static bool uses(const struct mr_kind *kind, const struct mr_resource *resource)
{
	for (unsigned i = 0; kind->uses && kind->uses[i]; i++)
		if (kind->uses[i] == resource)
			return true;
	return false;
}

/* ---- tables ---- */

static void put_routes(struct world *w)
{
	static const struct fips_addr *const dest[] = { &craft_a, &craft_t };
	struct mr_mesh *mesh = rig_use(w->rig, &mr_resource_mesh);

	for (unsigned i = 0; i < 2; i++) {
		struct fips_route_entry *e = calloc(1, sizeof *e);

		if (!e)
			abort();
		*e = (struct fips_route_entry){
			.dest = *dest[i], .state = i ? FIPS_ROUTE_UNREACHABLE : FIPS_ROUTE_LIVE,
			.link = w->near[0], .session = w->to[0], .mtu = 1280, .first = 1472 };
		if (mr_table_put(mesh->routes, rig_epoch(w->rig), dest[i]->b, e) == MR_NO_HANDLE)
			free(e);
	}
}

static const struct fips_addr beyond[] = { { { 0xf0 } }, { { 0xf1 } } };

/* One goes on by A, one has no way. */
static void put_forwards(struct world *w)
{
	struct mr_mesh *mesh = rig_use(w->rig, &mr_resource_mesh);

	for (unsigned i = 0; i < 2; i++) {
		struct fips_forward_entry *e = calloc(1, sizeof *e);

		if (!e)
			abort();
		e->dest = beyond[i];
		e->refused = i;
		e->link = i ? FIPS_NO_HANDLE : w->near[0];
		e->used = &e->word;
		if (mr_table_put(mesh->forwards, rig_epoch(w->rig), beyond[i].b, e) == MR_NO_HANDLE)
			free(e);
	}
}

static bool is_kind(const struct world *w, const char *name)
{
	return !strcmp(w->kind->name, name);
}

/* For those who open before the order counts, and seal after it. */
static void put_keys(struct world *w)
{
	if (is_kind(w, "open"))
		craft_session_keys(w->rig, &craft_a, &w->session, &w->session_key, 1);
	craft_key(w->rig, &w->link_key->send);
	craft_key(w->rig, &w->session_key->send);
	if (!is_kind(w, "seal"))
		return;
	w->near[0] = w->link_key->send.handle;
	w->to[0] = w->session_key->send.handle;
}

static void put_entries(struct world *w)
{
	w->near[0] = craft_link(w->rig, &craft_a, &w->link_key->send, &w->via, 1280);
	w->to[0] = craft_session(w->rig, &craft_a, &w->session_key->send, &w->session, 1280);
	w->to[1] = craft_session(w->rig, &craft_t, NULL, NULL, 0);
	craft_index(w->rig, 7, &craft_a, w->near[0], &w->link, &w->link_key->recv);
	craft_index(w->rig, 8, &craft_t, MR_NO_HANDLE, NULL, NULL);
	put_keys(w);
	put_routes(w);
	put_forwards(w);
}

/* What a stage may meet: entries that go and come again, so that handles turn stale. */
static void change_tables(struct world *w, uint8_t which)
{
	struct mr_mesh *mesh = rig_use(w->rig, &mr_resource_mesh);
	uint8_t index[4];

	mr_to_le32(index, 7);
	switch (which % 8) {
	case 0: mr_table_remove(mesh->links, rig_epoch(w->rig), craft_a.b); break;
	case 1: mr_table_remove(mesh->sessions, rig_epoch(w->rig), craft_a.b); break;
	case 2: mr_table_remove(mesh->index, rig_epoch(w->rig), index); break;
	case 3: mr_table_remove(mesh->routes, rig_epoch(w->rig), craft_a.b); break;
	case 5: mr_table_remove(mesh->keys, rig_epoch(w->rig), &w->link_key->send.id); break;
	case 6: mr_table_remove(mesh->keys, rig_epoch(w->rig), &w->session_key->send.id); break;
	case 7: mr_table_remove(mesh->forwards, rig_epoch(w->rig), beyond[0].b); break;
	default: put_entries(w); break;
	}
}

/* ---- opening and closing ---- */

static void open_device(struct world *w)
{
	struct mr_tun *tun = rig_use(w->rig, &mr_resource_tun);
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair))
		abort();
	tun->fd[tun->queues++] = tun->ready = pair[0]; /* closed with the rig */
	w->device = pair[1];
	if (!w->kind->inputs[0].name)
		rig_watch(w->rig, tun->ready);
}

static void open_world(struct world *w, const struct mr_kind *kind, const char *settings)
{
	*w = (struct world){ .kind = kind, .device = -1, .now = MR_NS_PER_S };
	w->rig = rig_open(kind, settings, CRAFT_NODE(CRAFT_B, CRAFT_UDP));
	w->link_key = keys_open(&mr_aead_mbedtls, link_secret, 1, 7);
	w->session_key = keys_open(&mr_aead_mbedtls, session_secret, 2, 0);
	w->far = craft_socket(AF_INET, &w->via);
	fips_link_recv_init(&w->link, &w->via);
	fips_session_recv_init(&w->session);
	fips_session_install(&w->session, &w->session_key->recv, w->now);
	w->near[1] = w->near[2] = w->to[2] = MR_NO_HANDLE;
	if (uses(kind, &mr_resource_mesh))
		put_entries(w);
	w->udp = uses(kind, &mr_resource_udp) ? rig_use(w->rig, &mr_resource_udp) : NULL;
	if (uses(kind, &mr_resource_tun))
		open_device(w);
}

static void close_world(struct world *w)
{
	struct mr_event event;

	while (rig_event(w->rig, &event))
		;
	rig_close(w->rig);
	keys_close(w->link_key);
	keys_close(w->session_key);
	close(w->far);
	if (w->device >= 0)
		close(w->device);
}

/* ---- packets ---- */

static size_t sealed(struct world *w, uint8_t how, const uint8_t *at, size_t n, uint8_t *out)
{
	uint8_t datagram[2 * MOST] = { 0 };

	switch (how % 4) {
	case 0:
		if (how & 8) { /* behind a timestamp of 0 */
			n = craft_sealed(datagram + 4, &craft_a, how & 16 ? &craft_t : &craft_b,
			                 session_secret, w->counter, 0, at, n);
			return craft_frame(out, link_secret, 7, w->counter++, how & 4, datagram,
			                   4 + n);
		}
		return craft_frame(out, link_secret, 7, w->counter++, how & 4, at, n);
	case 1:
		return craft_sealed(out, &craft_a, &craft_b, session_secret, w->counter++, 0, at,
		                    n);
	case 2: return craft_ip(out, &craft_b, how & 4 ? &craft_t : &craft_a, how, n < 48 ? 48 : n);
	default:
		n = craft_datagram(datagram, &craft_t, how & 4 ? &craft_a : &craft_t, 1280, at, n);
		memcpy(out, datagram, n);
		return n;
	}
}

/* What is promised of a port: not more than this. */
static bool fits(const struct world *w, unsigned input, const uint8_t *packet, size_t n,
                 uint8_t *mark)
{
	static const uint8_t own[16];

	if (n == 0)
		return false;
	/* what open has made is a whole frame */
	if (w->kind->inputs[input].sort && is_kind(w, "fmp-open") &&
	    fips_frame_check(packet, n) != FIPS_FRAME_ESTABLISHED)
		return false;
	/* route hands on IPv6 packets that it has looked at; all else is a body */
	if (*mark == MR_SHAPE_IP && (is_kind(w, "fsp-seal") || is_kind(w, "fsp-number")) &&
	    fips_ip_check(packet, n, own) != FIPS_IP_FOREIGN)
		*mark = MR_SHAPE_BODY;
	return true;
}

static unsigned inputs(const struct mr_kind *kind)
{
	unsigned n = 0;

	while (kind->inputs[n].name)
		n++;
	return n;
}

static void feed(struct world *w, uint8_t input, const uint8_t how[3], const uint8_t *packet,
                 size_t n)
{
	uint8_t mark = (how[1] & 7) % (MR_SHAPE_CLEAR + 1);
	struct mr_pkt *p;

	if (inputs(w->kind) == 0 || !fits(w, input % inputs(w->kind), packet, n, &mark))
		return;
	if (++w->fed % FED == 0)
		rig_run(w->rig);
	p = rig_feed(w->rig, w->kind->inputs[input % inputs(w->kind)].name, packet, n);
	p->near = w->near[how[0] % 3];
	p->far = w->to[how[0] / 3 % 3];
	p->limit = 1280;
	p->mark = mark;
	p->flags = (how[1] & 8 ? MR_FLAG_CE : 0) | (how[1] & 16 ? MR_FLAG_OPENED : 0);
	if (how[1] & 32) { /* as open leaves it, or fmp-open */
		p->seq = is_kind(w, "fmp-open") ? w->link_key->recv.id : w->session_key->recv.id;
		p->far = is_kind(w, "fmp-open") ? w->session_key->recv.id : p->far;
	}
	if (how[2] & 1)
		memcpy(mr_pkt_via(p), &w->via, sizeof w->via);
	mr_pkt_via(p)->instance = how[2] >> 1 & 1;
}

static void drain(struct world *w)
{
	struct mr_event event;
	uint8_t thrown_away[2048];

	w->fed = 0;
	rig_run(w->rig);
	rig_conserved(w->rig);
	for (unsigned i = 0; w->kind->outputs[i].name; i++) {
		struct mr_pkt *p;

		while ((p = rig_out(w->rig, w->kind->outputs[i].name)))
			if (p->data < p->base || p->data + p->len > p->base + p->room)
				abort();
	}
	while (rig_event(w->rig, &event))
		;
	while (recv(w->far, thrown_away, sizeof thrown_away, MSG_DONTWAIT) > 0)
		;
	while (w->device >= 0 && recv(w->device, thrown_away, sizeof thrown_away, MSG_DONTWAIT) > 0)
		;
}

/* ---- orders ---- */

static void offloads(const struct world *w, uint8_t argument)
{
	struct mr_tun *tun = rig_use(w->rig, &mr_resource_tun);

	tun->vnet = argument & 1;
	tun->uso = argument & 2;
}

static void order(struct world *w, uint8_t kind, uint8_t about)
{
	static uint8_t dest[FIPS_ADDR_LEN];
	struct mr_fips_snapshot s = { .order = { .kind = 1 + kind % MR_ORD_NOTHING } };
	struct mr_order *o = &s.order;
	bool session = o->kind >= MR_ORD_SESSION_INSTALL && o->kind <= MR_ORD_SESSION_REPORT;

	o->p = session ? (void *)&w->session : (void *)&w->link;
	o->q = session ? &w->session_key->recv : &w->link_key->recv;
	o->a = session ? 2 : 1;
	if (o->kind == MR_ORD_LINK_MOVE)
		o->q = &w->via;
	if (o->kind == MR_ORD_SENT_REPORT)
		o->p = about & 1 ? &w->link_key->send : &w->session_key->send;
	if (o->kind == MR_ORD_ROUTE) {
		memcpy(dest, about & 1 ? craft_a.b : craft_t.b, sizeof dest);
		o->p = dest;
	}
	if (o->kind == MR_ORD_FORWARD) {
		memcpy(dest, about & 1 ? beyond[0].b : craft_t.b, sizeof dest);
		o->p = dest;
	}
	if (w->kind->order)
		rig_order(w->rig, o);
}

/* ---- the records ---- */

static void arrive(struct world *w, const uint8_t *at, size_t n)
{
	struct sockaddr_storage to;
	socklen_t len = sizeof to;

	if (w->device >= 0 && send(w->device, at, n, MSG_DONTWAIT) < 0)
		return; /* the device is full */
	if (w->udp && getsockname(w->udp->socket[0].fd, (struct sockaddr *)&to, &len) == 0 &&
	    sendto(w->far, at, n, MSG_DONTWAIT, (struct sockaddr *)&to, len) < 0)
		return;
}

static void record(struct world *w, uint8_t what, uint8_t argument, const uint8_t *at, size_t n)
{
	uint8_t packet[3 * MOST], how[3] = { 0 };

	switch (what % 8) {
	case 0:
	case 1:
		if (n < sizeof how)
			return;
		memcpy(how, at, sizeof how);
		at += sizeof how;
		n -= sizeof how;
		memcpy(packet, at, n);
		if (what % 8 == 1)
			n = sealed(w, argument >> 3, at, n, packet);
		feed(w, argument & 7, how, packet, n);
		break;
	case 2: drain(w); break;
	case 3:
		order(w, argument, n ? at[0] : 0);
		if (w->device >= 0)
			offloads(w, argument);
		break;
	case 4:
		/* 2^20 ns: about 1 ms */
		w->now += (uint64_t)argument << (n ? at[0] % 12 : 0) << 20;
		rig_at(w->rig, w->now);
		break;
	case 5:
		if (uses(w->kind, &mr_resource_mesh))
			change_tables(w, argument);
		break;
	case 6: arrive(w, at, n); break;
	case 7: rig_block(w->rig, argument); break;
	}
}

static bool is_word(const char *word, const uint8_t *at, size_t n)
{
	return strlen(word) == n && !memcmp(word, at, n);
}

/* NULL: there is none of this name, or its module is not in this build. */
static const struct mr_kind *kind_of(const uint8_t **data, size_t *n, const char **settings)
{
	const uint8_t *word = *data, *end = memchr(word, '\n', *n);
	size_t len = end ? (size_t)(end - word) : 0;

	if (!end)
		return NULL;
	*settings = "{}";
	*n -= len + 1;
	*data = end + 1;
	for (const struct mr_kind *const *k = mr_kinds; *k; k++)
		if (!(*k)->host && is_word((*k)->name, word, len))
			return *k;
	for (unsigned i = 0; i < sizeof of_plugins / sizeof *of_plugins; i++) {
		const struct subject *s = &of_plugins[i];

		*settings = s->settings;
		if (is_word(s->name, word, len))
			return modules_load(s->module) ? modules_kind(s->module, s->kind) : NULL;
	}
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *settings = "{}";
	const struct mr_kind *kind = n ? kind_of(&data, &n, &settings) : NULL;
	struct world w;

	if (!kind)
		return 0;
	open_world(&w, kind, settings);
	for (unsigned i = 0; i < RECORDS && n >= 4; i++) {
		size_t len = mr_le16(data + 2);

		if (len > n - 4)
			len = n - 4;
		if (len > MOST)
			len = MOST;
		record(&w, data[0], data[1], data + 4, len);
		data += 4 + len;
		n -= 4 + len;
	}
	rig_block(w.rig, 0);
	drain(&w);
	close_world(&w);
	return 0;
}
