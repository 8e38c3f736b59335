/* doctor_wish.c - what a node file asks of the machine; see doctor.h. */
#include "cli/doctor.h"

#include <stdio.h>
#include <string.h>

#include "core/field.h"
#include "core/json.h"
#include "stages/lib/hostport.h"
#include "stages/lib/tcp.h"
#include "stages/lib/tun.h"
#include "stages/lib/udp.h"

static void wish_port(struct doctor_wish *w, const char *text, struct doctor_port port)
{
	socklen_t len;

	if (!text || w->ports == DOCTOR_PORTS || mr_hostport_parse(text, &port.at, &len) ||
	    doctor_port_number(&port) == 0)
		return;
	snprintf(port.text, sizeof port.text, "%s", text);
	w->port[w->ports++] = port;
}

static void wish_mtu(struct doctor_wish *w, const struct mr_udp_conf *conf)
{
	char by[128];

	snprintf(by, sizeof by, "transports.udp.%s%smtu", conf->name ? conf->name : "",
	         conf->name ? "." : "");
	if (w->link_mtu_max < conf->mtu) {
		w->link_mtu_max = conf->mtu;
		memcpy(w->link_mtu_max_by, by, sizeof by);
	}
	if (!w->link_mtu || w->link_mtu > conf->mtu) {
		w->link_mtu = conf->mtu;
		memcpy(w->link_mtu_by, by, sizeof by);
	}
}

static void wish_udp(struct doctor_wish *w, const struct mr_json *doc)
{
	struct mr_list list;
	const struct mr_udp_conf *conf;

	mr_section_decode(mr_resource_udp.sections, &list, doc);
	conf = list.items;
	for (unsigned i = 0; i < list.n; i++) {
		if (w->recv_buf < conf[i].recv_buf_size)
			w->recv_buf = conf[i].recv_buf_size;
		if (w->send_buf < conf[i].send_buf_size)
			w->send_buf = conf[i].send_buf_size;
		wish_mtu(w, &conf[i]);
		w->connected |= conf[i].connected;
		if (!conf[i].outbound_only)
			wish_port(w, conf[i].bind_addr, (struct doctor_port){
				.needed = true, .setting = "transports.udp.bind_addr" });
	}
	mr_section_free(mr_resource_udp.sections, &list);
}

static void wish_tcp(struct doctor_wish *w, const struct mr_json *doc)
{
	struct mr_list list;
	const struct mr_tcp_conf *conf;

	mr_section_decode(mr_resource_tcp.sections, &list, doc);
	conf = list.items;
	for (unsigned i = 0; i < list.n; i++)
		wish_port(w, conf[i].bind_addr, (struct doctor_port){
			.tcp = true, .needed = true, .setting = "transports.tcp.bind_addr" });
	mr_section_free(mr_resource_tcp.sections, &list);
}

static bool uses(const struct mr_graph *g, const struct mr_resource *resource)
{
	for (unsigned i = 0; g && i < g->stages; i++) {
		const struct mr_resource *const *r = g->stage[i].kind->uses;

		for (; r && *r; r++)
			if (*r == resource)
				return true;
	}
	return false;
}

static void wish_tun(struct doctor_wish *w, const struct cli_node *node)
{
	struct mr_tun_conf conf;

	mr_section_decode(mr_resource_tun.sections, &conf, node->doc);
	w->tun = conf.enabled && uses(node->graph, &mr_resource_tun);
	w->tun_mtu = conf.mtu;
	w->offload = conf.offload;
	w->uso = conf.uso;
	snprintf(w->tun_name, sizeof w->tun_name, "%s", conf.name);
	mr_section_free(mr_resource_tun.sections, &conf);
}

/* Where names in .fips are answered, as stages/control has it. */
static void wish_dns(struct doctor_wish *w, const struct mr_json *doc)
{
	const char *bind = json_string_value(mr_json_at(doc, "dns.bind_addr"));
	json_t *port = mr_json_at(doc, "dns.port");
	char text[96];

	w->dns = !json_is_false(mr_json_at(doc, "dns.enabled"));
	snprintf(w->dns_bind, sizeof w->dns_bind, "%s", bind ? bind : "::1");
	w->dns_port = port ? (uint16_t)json_integer_value(port) : 5354;
	if (!w->dns)
		return;
	snprintf(text, sizeof text, strchr(w->dns_bind, ':') ? "[%s]:%u" : "%s:%u", w->dns_bind,
	         w->dns_port);
	wish_port(w, text, (struct doctor_port){ .setting = "dns.port" });
}

void doctor_wish_of(struct doctor_wish *w, const struct cli_node *node)
{
	json_t *ethernet = mr_json_at(node->doc, "transports.ethernet");

	*w = (struct doctor_wish){ 0 };
	wish_udp(w, node->doc);
	wish_tcp(w, node->doc);
	wish_port(w, node->settings.http.listen, (struct doctor_port){
		.tcp = true, .needed = true, .setting = "http.listen" });
	wish_tun(w, node);
	wish_dns(w, node->doc);
	w->ethernet = ethernet && !json_is_null(ethernet);
}
