/* doctor_network.c - buffers, sizes, ports, names, and who else is in fd00::/8. */
#include "cli/doctor.h"

#include <dirent.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "fips/wire/shim.h"

#define IPV4_UDP 28 /* bytes in front of what UDP carries */

/* ---- buffers ---- */

/* With CAP_NET_ADMIN they are forced at start; connected sockets are made when it is gone. */
static void look_buffer(struct doctor *d, uint32_t want, const char *sysctl, const char *path,
                        const char *what)
{
	bool forced = doctor_can(d, CAP_NET_ADMIN);
	unsigned long most;

	if (!want || (forced && !d->wish.connected) || !doctor_number(d, path, &most) ||
	    most >= want)
		return;
	doctor_find(d, DOCTOR_PROBLEM, "%s sockets get %lu of the %u bytes asked for to %s: bursts are lost",
	            forced ? "connected" : "UDP", most, want, what);
	doctor_sysctl(d, sysctl, want);
}

static void look_buffers(struct doctor *d)
{
	look_buffer(d, d->wish.recv_buf, "net.core.rmem_max", "/proc/sys/net/core/rmem_max", "receive");
	look_buffer(d, d->wish.send_buf, "net.core.wmem_max", "/proc/sys/net/core/wmem_max", "send");
}

/* ---- sizes ---- */

/* The device that packets for the world leave by. */
static bool way_out(const struct doctor *d, char dev[16])
{
	FILE *f = doctor_open(d, "/proc/net/route");
	char line[256], to[16];
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f))
		found = sscanf(line, "%15s %15s", dev, to) == 2 && !strcmp(to, "00000000");
	if (f)
		fclose(f);
	return found;
}

static void look_way_out(struct doctor *d)
{
	char dev[16], path[64], most[24];
	unsigned long mtu;

	if (!way_out(d, dev))
		return;
	snprintf(path, sizeof path, "/sys/class/net/%s/mtu", dev);
	if (!doctor_number(d, path, &mtu) || d->wish.link_mtu_max + IPV4_UDP <= mtu)
		return;
	doctor_find(d, DOCTOR_PROBLEM,
	            "frames of %u bytes do not fit through %s, which takes %lu: they leave in fragments, or "
	            "not at all", d->wish.link_mtu_max, dev, mtu);
	snprintf(most, sizeof most, "%lu", mtu - IPV4_UDP);
	doctor_set(d, d->wish.link_mtu_max_by, most);
}

static void look_mtu(struct doctor *d)
{
	const struct doctor_wish *w = &d->wish;
	char least[24];

	if (!w->link_mtu)
		return;
	look_way_out(d);
	if (!w->tun || w->tun_mtu + FIPS_IPV6_OVERHEAD <= w->link_mtu)
		return;
	doctor_find(d, DOCTOR_PROBLEM,
	            "links carry IPv6 packets of %u bytes, and IPv6 promises programs %u: what sends by "
	            "UDP and cannot send less does not get through; neighbours want the same mend",
	            w->link_mtu - FIPS_IPV6_OVERHEAD, w->tun_mtu);
	snprintf(least, sizeof least, "%u", w->tun_mtu + FIPS_IPV6_OVERHEAD);
	doctor_set(d, w->link_mtu_by, least);
}

/* ---- IPv6 ---- */

static void look_ipv6(struct doctor *d)
{
	static const char *const which[] = { "all", "default" };
	char path[64];
	unsigned long off;

	if (!d->wish.tun)
		return;
	if (!doctor_exists(d, "/proc/net/if_inet6")) {
		doctor_find(d, DOCTOR_PROBLEM,
		            "this kernel runs without IPv6: %s cannot have its address, and the program will "
		            "not start", d->wish.tun_name);
		doctor_mend(d, "take ipv6.disable=1 off the kernel's command line (GRUB_CMDLINE_LINUX in "
		               "/etc/default/grub), update-grub && reboot");
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", which[i]);
		if (!doctor_number(d, path, &off) || !off)
			continue;
		doctor_find(d, DOCTOR_PROBLEM,
		            "IPv6 is off on this machine: %s cannot have its address, and the program will "
		            "not start", d->wish.tun_name);
		snprintf(path, sizeof path, "net.ipv6.conf.%s.disable_ipv6", which[i]);
		doctor_sysctl(d, path, 0);
	}
}

/* ---- ports ---- */

/* An address as /proc/net/udp and its like have it: words in the machine's order. */
static void hex_of(const struct sockaddr_storage *at, char out[40])
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)at;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)at;
	uint32_t word[4];

	if (at->ss_family == AF_INET) {
		snprintf(out, 40, "%08X:%04X", (unsigned)in->sin_addr.s_addr, ntohs(in->sin_port));
		return;
	}
	memcpy(word, &in6->sin6_addr, sizeof word);
	snprintf(out, 40, "%08X%08X%08X%08X:%04X", word[0], word[1], word[2], word[3],
	         ntohs(in6->sin6_port));
}

/* The same port, and the same address or any. */
static bool meets(const char *a, const char *b)
{
	size_t n = strcspn(a, ":");

	if (n != strcspn(b, ":") || strcmp(a + n, b + n))
		return false;
	return !strncmp(a, b, n) || strspn(a, "0") >= n || strspn(b, "0") >= n;
}

static bool is_taken(const struct doctor *d, const struct doctor_port *port)
{
	char path[32], line[256], ours[40], theirs[40], state[8];
	bool taken = false;
	FILE *f;

	snprintf(path, sizeof path, "/proc/net/%s%s", port->tcp ? "tcp" : "udp",
	         port->at.ss_family == AF_INET6 ? "6" : "");
	hex_of(&port->at, ours);
	f = doctor_open(d, path);
	while (f && !taken && fgets(line, sizeof line, f))
		taken = sscanf(line, "%*s %39s %*s %7s", theirs, state) == 2 &&
		        meets(ours, theirs) && (!port->tcp || !strcmp(state, "0A"));
	if (f)
		fclose(f);
	return taken;
}

static void look_ports(struct doctor *d)
{
	for (unsigned i = 0; i < d->wish.ports && !d->machine->running; i++) {
		const struct doctor_port *p = &d->wish.port[i];

		if (!is_taken(d, p))
			continue;
		doctor_find(d, p->needed ? DOCTOR_PROBLEM : DOCTOR_ADVICE,
		            "%s %s is taken by another program: %s",
		            p->tcp ? "TCP" : "UDP", p->text,
		            p->needed ? "the program will not start" : "names in .fips will not be answered");
		doctor_mend(d, "ss -%slnp 'sport = :%u' names it; stop it, or set %s in the node file",
		            p->tcp ? "t" : "u", doctor_port_number(p), p->setting);
	}
}

/* ---- firewalls ---- */

/* Somebody decides what comes in; whether we may, only root could read. */
static void look_firewall(struct doctor *d)
{
	char enabled[16];
	unsigned port = 0;

	for (unsigned i = 0; i < d->wish.ports; i++)
		if (!d->wish.port[i].tcp && d->wish.port[i].needed)
			port = doctor_port_number(&d->wish.port[i]);
	if (!port)
		return;
	if (doctor_setting(d, "/etc/ufw/ufw.conf", "ENABLED", enabled, sizeof enabled) &&
	    !strcmp(enabled, "yes")) {
		if (doctor_mentions(d, "/etc/ufw/user.rules", port))
			return;
		doctor_find(d, DOCTOR_ADVICE,
		            "ufw is on: neighbours that dial UDP port %u may be kept out", port);
		doctor_mend(d, "ufw allow %u/udp", port);
	} else if (doctor_exists(d, "/run/firewalld.pid") || doctor_exists(d, "/run/firewalld")) {
		doctor_find(d, DOCTOR_ADVICE, "firewalld runs: neighbours that dial UDP port %u may be kept out",
		            port);
		doctor_mend(d, "firewall-cmd --add-port=%u/udp", port);
		doctor_keep(d, "firewall-cmd --permanent --add-port=%u/udp", port);
	} else if (doctor_exists(d, "/etc/systemd/system/sysinit.target.wants/nftables.service") &&
	           !doctor_mentions(d, "/etc/nftables.conf", port)) {
		doctor_find(d, DOCTOR_ADVICE,
		            "nftables rules are loaded at boot and do not name UDP port %u: neighbours that "
		            "dial it may be kept out", port);
		doctor_mend(d, "write `udp dport %u accept` into the chain of hook input in /etc/nftables.conf, "
		               "then nft -f /etc/nftables.conf", port);
	}
}

/* ---- names ---- */

/* Is any resolver told of .fips?  Files and folders of the usual ones. */
static bool resolver_knows(const struct doctor *d)
{
	static const char *const where[] = {
		"/etc/resolv.conf", "/etc/systemd/resolved.conf", "/etc/systemd/resolved.conf.d/",
		"/run/systemd/resolve/netif/", "/etc/systemd/network/", "/etc/dnsmasq.conf",
		"/etc/dnsmasq.d/", "/etc/NetworkManager/dnsmasq.d/", "/etc/unbound/unbound.conf",
		"/etc/unbound/unbound.conf.d/",
	};

	for (unsigned i = 0; i < sizeof where / sizeof where[0]; i++)
		if (doctor_says(d, where[i], "fips"))
			return true;
	return false;
}

static void look_names(struct doctor *d)
{
	const struct doctor_wish *w = &d->wish;
	bool six = strchr(w->dns_bind, ':') != NULL;
	const char *left = six ? "[" : "", *right = six ? "]" : "";

	if (!w->tun || !w->dns || resolver_knows(d))
		return;
	doctor_find(d, DOCTOR_ADVICE,
	            "no resolver of this machine asks %s port %u for .fips: programs must use addresses "
	            "where names would do", w->dns_bind, w->dns_port);
	if (doctor_exists(d, "/etc/dnsmasq.d") || doctor_exists(d, "/etc/dnsmasq.conf")) {
		doctor_mend(d, "echo 'server=/fips/%s#%u' >/etc/dnsmasq.d/fips.conf && systemctl restart "
		               "dnsmasq", w->dns_bind, w->dns_port);
		return;
	}
	doctor_mend(d, "%smkdir -p /etc/systemd/resolved.conf.d && printf '[Resolve]\\nDNS=%s%s%s:%u\\n"
	               "Domains=~fips\\n' >/etc/systemd/resolved.conf.d/fips.conf && systemctl restart "
	               "systemd-resolved",
	            doctor_exists(d, "/run/systemd/resolve") ? "" : "apt-get install systemd-resolved && ",
	            left, w->dns_bind, right, w->dns_port);
}

/* ---- fd00::/8 ---- */

/* A route that takes all of the mesh's addresses away, or a good part: fd00::/8 or wider, but not
 * the default one.  Prefixes of a local network are longer and win by right. */
static void look_routes(struct doctor *d)
{
	FILE *f = doctor_open(d, "/proc/net/ipv6_route");
	char line[256], to[40], dev[16];
	unsigned plen, flags;

	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%39s %x %*s %*s %*s %*s %*s %*s %x %15s", to, &plen, &flags,
		           dev) != 4 ||
		    plen == 0 || plen > 16 || strncmp(to, plen < 8 ? "fc" : "fd", 2) ||
		    !strcmp(dev, d->wish.tun_name))
			continue;
		doctor_find(d, DOCTOR_PROBLEM,
		            "%s has a route of the mesh's addresses, %.4s::/%u: packets for the mesh may go "
		            "there", dev, to, plen);
		doctor_mend(d, "ip -6 route del %.4s::/%u dev %s", to, plen, dev);
		doctor_keep(d, "stop the program that makes it, or give it another prefix");
	}
	if (f)
		fclose(f);
}

/* A device that somebody holds has a carrier. */
static void look_twin(struct doctor *d)
{
	unsigned long carrier;
	char path[64];

	snprintf(path, sizeof path, "/sys/class/net/%s/carrier", d->wish.tun_name);
	if (d->machine->running || !doctor_number(d, path, &carrier) || !carrier)
		return;
	doctor_find(d, DOCTOR_PROBLEM,
	            "device %s is in use by another program, perhaps another node: this one will not start",
	            d->wish.tun_name);
	doctor_mend(d, "grep -ls '^iff:.*%s$' /proc/[0-9]*/fdinfo/* names it; stop it, or set \"tun\": "
	               "{ \"name\": ... } in the node file", d->wish.tun_name);
}

static void look_mesh(struct doctor *d)
{
	if (!d->wish.tun)
		return;
	look_routes(d);
	look_twin(d);
}

const struct doctor_probe doctor_network[] = {
	{ "udp-buffers", "net.core.rmem_max and wmem_max against what is asked for", look_buffers },
	{ "mtu", "frames against the device they leave by, packets against frames", look_mtu },
	{ "ipv6", "whether it is on", look_ipv6 },
	{ "ports", "whether another program has them", look_ports },
	{ "firewall", "whether one runs that does not name our port", look_firewall },
	{ "names", "whether a resolver asks for .fips", look_names },
	{ "mesh-addresses", "others in fd00::/8", look_mesh },
	{ 0 }
};
