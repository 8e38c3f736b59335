/* What on a machine will hurt: each probe on machines made for it, that have the trouble and that
 * have not, and the commands that are to mend it. */
#include "cli/doctor.h"
#include "core/plugins.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UDP "\"transports\": { \"udp\": { \"bind_addr\": \"0.0.0.0:2121\", \"mtu\": 1472 } }"
#define HEX "0000000000000000000000000000000000000000000000000000000000000007"
#define FILE_NAME "/etc/millrace/millrace.json"
#define SET(setting, path, value)                                                   \
	.mend = "millrace run -c " FILE_NAME " --set '" setting "=" value "'",      \
	.keep = "new=$(jq '" path " = " value "' " FILE_NAME ") && printf '%s\\n' " \
	        "\"$new\" >" FILE_NAME
#define TUN "\"tun\": { \"enabled\": true }"

/* A machine on which nothing hurts: path and content. */
static const char *const healthy[][2] = {
	{ "/dev/net/tun", "" },
	{ "/etc/debian_version", "12.5\n" },
	{ "/etc/millrace/millrace.json", "{}" },
	{ "/etc/systemd/resolved.conf.d/fips.conf", "[Resolve]\nDNS=[::1]:5354\nDomains=~fips\n" },
	{ "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sse2 avx2 avx512f\n" },
	{ "/proc/net/if_inet6", "00000000000000000000000000000001 01 80 10 80       lo\n" },
	{ "/proc/net/ipv6_route",
	  "fd420000000000000000000000000000 40 00000000000000000000000000000000 00 "
	  "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
	  "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
	  "fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n" },
	{ "/proc/net/route", "Iface\tDestination\tGateway\tFlags\neth0\t00000000\t0101A8C0\t0003\n"
	                     "eth0\t0001A8C0\t00000000\t0001\n" },
	{ "/proc/net/tcp", "  sl  local_address rem_address   st\n"
	                   "   0: 0100007F:0CEA 00000000:0000 0A 0\n" },
	{ "/proc/net/tcp6", "" },
	{ "/proc/net/udp", "  sl  local_address rem_address   st\n"
	                   "   0: 00000000:0044 00000000:0000 07 0\n" },
	{ "/proc/net/udp6", "" },
	{ "/proc/self/limits", "Limit                     Soft Limit           Hard Limit           Units\n"
	                       "Max open files            1024                 524288               files\n"
	                       "Max locked memory         8388608              8388608              bytes\n" },
	{ "/proc/self/status", "Name:\tmillrace\nCapEff:\t0000000000001000\n" },
	{ "/proc/swaps", "Filename Type Size Used Priority\n/dev/vda2 partition 1 0 -2\n" },
	{ "/proc/sys/kernel/osrelease", "6.2.0-generic\n" },
	{ "/proc/sys/net/core/rmem_max", "2097152\n" },
	{ "/proc/sys/net/core/wmem_max", "2097152\n" },
	{ "/proc/sys/net/ipv6/conf/all/disable_ipv6", "0\n" },
	{ "/proc/sys/net/ipv6/conf/default/disable_ipv6", "0\n" },
	{ "/sys/class/net/eth0/mtu", "1500\n" },
	{ "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n" },
};

/* How a machine differs from it beside its files; 0: not. */
struct differs {
	bool     no_gso, no_gro, unsynced, running, alone; /* alone: the built-in AEAD provider
	                                                    * only */
	bool     elsewhere; /* plugins are looked for where MILLRACE_PLUGINS says */
	unsigned cores;
};

static const struct {
	const char *probe;
	const char *conf;         /* node file without its braces; NULL: UDP and TUN   */
	const char *path[2], *is[2]; /* files that are other than above; NULL: missing */
	const char *mode;         /* octal, of path[0] */
	struct differs differs;
	const char *what;         /* a part of the sentence; NULL: nothing is found   */
	bool        advice;
	const char *mend, *keep;  /* all of it; NULL: none                            */
} rows[] = {
	/* rights */
	{ "rights", .path = { "/proc/self/status" }, .is = { "CapEff:\t0000000000000000\n" },
	  .what = "cannot make fips0", .mend = "setcap cap_net_admin+ep /usr/bin/millrace",
	  .keep = "the same after each installation, or run it as a service: systemctl enable --now millrace" },
	{ "rights", .conf = UDP, .path = { "/proc/self/status" }, .is = { "CapEff:\t0\n" } },
	{ "rights", .conf = "\"transports\": { \"ethernet\": { \"interface\": \"eth0\" } }",
	  .what = "cannot open transports.ethernet", .mend = "setcap cap_net_admin,cap_net_raw+ep /usr/bin/millrace",
	  .keep = "the same after each installation, or run it as a service: systemctl enable --now millrace" },
	{ "rights", .conf = "\"transports\": { \"ethernet\": { \"interface\": \"eth0\" } }",
	  .path = { "/proc/self/status" }, .is = { "CapEff:\t0000000000003000\n" } },
	{ "tun-device", .path = { "/dev/net/tun" }, .what = "no /dev/net/tun", .mend = "modprobe tun",
	  .keep = "echo tun >/etc/modules-load.d/millrace.conf" },
	{ "tun-device", .conf = UDP, .path = { "/dev/net/tun" } },
	{ "tun-device", .path = { "/dev/net/tun" }, .is = { "" }, .mode = "664", .advice = true,
	  .what = "/dev/net/tun has mode 664", .mend = "chmod 666 /dev/net/tun  (whom it lets in still needs CAP_NET_ADMIN)",
	  .keep = "echo 'z /dev/net/tun 0666 - -' >/etc/tmpfiles.d/millrace-tun.conf" },
	{ "tun-device", .path = { "/dev/net/tun", "/proc/self/status" },
	  .is = { "", "CapEff:\t0000000000001002\n" }, .mode = "600" },
	{ "tun-device", .conf = UDP, .path = { "/dev/net/tun" }, .is = { "" }, .mode = "600" },
	/* secrets */
	{ "key-file", .conf = "\"node\": { \"identity\": { \"key_file\": \"a.key\" } }",
	  .path = { "/etc/millrace/a.key" }, .is = { "nsec" }, .mode = "644",
	  .what = "the key file /etc/millrace/a.key has mode 644", .mend = "chmod 600 /etc/millrace/a.key" },
	{ "key-file", .conf = "\"node\": { \"identity\": { \"key_file\": \"a.key\" } }",
	  .path = { "/etc/millrace/a.key" }, .is = { "nsec" }, .mode = "600" },
	{ "key-file", .conf = "\"node\": { \"identity\": { \"persistent\": true } }",
	  .path = { "/etc/millrace/fips.key" }, .is = { "nsec" }, .mode = "640",
	  .what = "fips.key has mode 640", .mend = "chmod 600 /etc/millrace/fips.key" },
	{ "key-file", .conf = "\"node\": { \"identity\": { \"key_file\": \"/k/a.key\" } }",
	  .path = { "/k/a.key" }, .is = { "nsec" }, .mode = "600" },
	{ "key-file", .conf = "\"node\": { \"identity\": { \"nsec\": \"" HEX "\" } }", .mode = "644",
	  .path = { "/etc/millrace/millrace.json" }, .is = { "{}" },
	  .what = "stands in the node file", .mend = "chmod 600 /etc/millrace/millrace.json" },
	{ "key-file", .conf = "\"node\": { \"identity\": { \"nsec\": \"" HEX "\" } }", .mode = "640",
	  .path = { "/etc/millrace/millrace.json" }, .is = { "{}" },
	  .what = "has mode 640", .mend = "(umask 077; jq -r .node.identity.nsec /etc/millrace/millrace.json >node.key)  and in the node file "
		  "\"key_file\": \"node.key\" in place of \"nsec\"; beside it, the file belongs to who runs the node" },
	{ "key-file", .mode = "644", .path = { "/etc/millrace/millrace.json" }, .is = { "{}" } },
	{ "key-file", .conf = "\"node\": { \"identity\": { \"key_file\": \"a's; x\" } }",
	  .path = { "/etc/millrace/a's; x" }, .is = { "nsec" }, .mode = "644",
	  .what = "the key file /etc/millrace/a's; x has mode 644",
	  .mend = "chmod 600 '/etc/millrace/a'\\''s; x'" },
	/* what a terminal would obey */
	{ "key-file", .conf = "\"node\": { \"identity\": { \"key_file\": \"a\\u001b[1m\\u009b\" } }",
	  .path = { "/etc/millrace/a\033[1m\302\233" }, .is = { "nsec" }, .mode = "644",
	  .what = "the key file /etc/millrace/a?[1m? has mode 644", .mend = "chmod 600 '/etc/millrace/a?[1m?'" },
	/* limits */
	{ "locked-memory", .path = { "/proc/self/limits" },
	  .is = { "Max locked memory         65536                65536                bytes\n" },
	  .what = "only 64 KiB", .advice = true,
	  .mend = "prlimit --pid $$ --memlock=8388608:8388608  (as root, in the shell that starts it)",
	  .keep = "echo '* - memlock 8192' >/etc/security/limits.d/millrace.conf  (a service has LimitMEMLOCK=)" },
	{ "locked-memory", .path = { "/proc/self/limits" },
	  .is = { "Max locked memory         65536                unlimited            bytes\n" } },
	{ "locked-memory", .path = { "/proc/self/limits", "/proc/swaps" },
	  .is = { "Max locked memory         65536                65536                bytes\n",
	          "Filename Type\n" } },
	{ "locked-memory", .path = { "/proc/self/limits", "/proc/self/status" },
	  .is = { "Max locked memory         65536                65536                bytes\n",
	          "CapEff:\t0000000000004000\n" } },
	{ "open-files", .conf = "\"transports\": { \"udp\": { \"connected\": true } }",
	  .what = "1024 files may be open", .advice = true,
	  .mend = "ulimit -n 1280  (in the shell that starts it)",
	  .keep = "echo '* - nofile 1280' >/etc/security/limits.d/millrace-files.conf  (a service has LimitNOFILE=)" },
	{ "open-files", .conf = "\"transports\": { \"udp\": { \"connected\": true } }",
	  .path = { "/proc/self/limits" },
	  .is = { "Max open files            4096 4096 files\n" } },
	{ "open-files", .conf = UDP },
	/* buffers */
	{ "udp-buffers", .path = { "/proc/sys/net/core/rmem_max", "/proc/self/status" },
	  .is = { "212992\n", "CapEff:\t0\n" }, .what = "212992 of the 2097152 bytes asked for to receive",
	  .mend = "sysctl -w net.core.rmem_max=2097152",
	  .keep = "echo net.core.rmem_max=2097152 >/etc/sysctl.d/90-millrace-net.core.rmem_max.conf" },
	{ "udp-buffers", .path = { "/proc/sys/net/core/rmem_max" },
	  .is = { "212992\n" } }, /* forced */
	{ "udp-buffers", .conf = "\"transports\": { \"udp\": { \"connected\": true, \"send_buf_size\": 4194304 } }",
	  .what = "connected sockets get 2097152 of the 4194304 bytes asked for to send",
	  .mend = "sysctl -w net.core.wmem_max=4194304",
	  .keep = "echo net.core.wmem_max=4194304 >/etc/sysctl.d/90-millrace-net.core.wmem_max.conf" },
	{ "udp-buffers", .path = { "/proc/self/status" }, .is = { "CapEff:\t0\n" } },
	/* sizes */
	{ "mtu", .path = { "/sys/class/net/eth0/mtu" }, .is = { "1400\n" },
	  .what = "frames of 1472 bytes do not fit through eth0, which takes 1400",
	  SET("transports.udp.mtu", ".transports.udp.mtu", "1372") },
	{ "mtu", .conf = "\"transports\": { \"udp\": { \"a-b\": { \"mtu\": 1400, \"bind_addr\": \"0.0.0.0:1\" }, "
	  "\"c\": { \"mtu\": 1500 } } }", .what = "frames of 1500 bytes",
	  SET("transports.udp.c.mtu", ".transports.udp.c.mtu", "1472") },
	{ "mtu", .conf = TUN ", \"transports\": { \"udp\": { \"a-b\": { \"mtu\": 1300, \"bind_addr\": "
	  "\"0.0.0.0:1\" }, \"c\": { \"mtu\": 1472 } } }", .what = "carry IPv6 packets of 1223 bytes",
	  SET("transports.udp.a-b.mtu", ".transports.udp[\"a-b\"].mtu", "1357") },
	{ "mtu", .path = { "/proc/net/route" }, .is = { "Iface Destination\neth9 0001A8C0\n" } },
	{ "mtu", .conf = TUN ", \"transports\": { \"udp\": { \"mtu\": 1356 } }",
	  .what = "carry IPv6 packets of 1279 bytes, and IPv6 promises programs 1280",
	  SET("transports.udp.mtu", ".transports.udp.mtu", "1357") },
	{ "mtu", .conf = TUN ", \"transports\": { \"udp\": { \"mtu\": 1357 } }" },
	{ "mtu", .conf = TUN },
	/* IPv6 */
	{ "ipv6", .path = { "/proc/net/if_inet6" }, .what = "runs without IPv6",
	  .mend = "take ipv6.disable=1 off the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub), "
	          "update-grub && reboot" },
	{ "ipv6", .path = { "/proc/sys/net/ipv6/conf/default/disable_ipv6" }, .is = { "1\n" },
	  .what = "IPv6 is off", .mend = "sysctl -w net.ipv6.conf.default.disable_ipv6=0",
	  .keep = "echo net.ipv6.conf.default.disable_ipv6=0 "
	          ">/etc/sysctl.d/90-millrace-net.ipv6.conf.default.disable_ipv6.conf" },
	{ "ipv6", .conf = UDP, .path = { "/proc/net/if_inet6" } },
	/* ports: 2121 is 0849, 9180 is 23DC, 5354 is 14EA */
	{ "ports", .path = { "/proc/net/udp" }, .is = { "h\n 0: 0100007F:0849 00000000:0000 07 0\n" },
	  .what = "UDP 0.0.0.0:2121 is taken by another program: the program will not start",
	  .mend = "ss -ulnp 'sport = :2121' names it; stop it, or set transports.udp.bind_addr in the node file" },
	{ "ports", .path = { "/proc/net/udp" }, .is = { "h\n 0: 0100007F:0849 00000000:0000 07 0\n" },
	  .differs = { .running = true } },
	{ "ports", .conf = "\"transports\": { \"udp\": { \"bind_addr\": \"127.0.0.2:2121\" } }",
	  .path = { "/proc/net/udp" }, .is = { "h\n 0: 0100007F:0849 00000000:0000 07 0\n" } },
	{ "ports", .path = { "/proc/net/tcp" }, .is = { "h\n 0: 0100007F:23DC 00000000:0000 0A 0\n" },
	  .what = "TCP 127.0.0.1:9180 is taken",
	  .mend = "ss -tlnp 'sport = :9180' names it; stop it, or set http.listen in the node file" },
	{ "ports", .path = { "/proc/net/tcp" },
	  .is = { "h\n 0: 0100007F:23DC 0100007F:9999 01 0\n" } },
	{ "ports", .conf = UDP ", \"http\": { \"listen\": \"off\" }", .path = { "/proc/net/tcp" },
	  .is = { "h\n 0: 0100007F:23DC 00000000:0000 0A 0\n" } },
	{ "ports", .path = { "/proc/net/udp6" },
	  .is = { "h\n 0: 00000000000000000000000001000000:14EA 00:00 07 0\n" }, .advice = true,
	  .what = "UDP [::1]:5354 is taken by another program: names in .fips will not be answered",
	  .mend = "ss -ulnp 'sport = :5354' names it; stop it, or set dns.port in the node file" },
	{ "ports", .conf = "\"transports\": { \"tcp\": { \"bind_addr\": \"[::]:2121\" } }",
	  .path = { "/proc/net/tcp6" }, .is = { "h\n 0: 00000000000000000000000001000000:0849 00:00 0A 0\n" },
	  .what = "TCP [::]:2121 is taken",
	  .mend = "ss -tlnp 'sport = :2121' names it; stop it, or set transports.tcp.bind_addr in the node file" },
	/* firewalls */
	{ "firewall", .path = { "/etc/ufw/ufw.conf" }, .is = { "ENABLED=yes\n" }, .advice = true,
	  .what = "ufw is on", .mend = "ufw allow 2121/udp" },
	{ "firewall", .path = { "/etc/ufw/ufw.conf", "/etc/ufw/user.rules" },
	  .is = { "ENABLED=yes\n",
	          "### tuple ### allow udp 2121 0.0.0.0/0\n-A x --dport 2121 -j ACCEPT\n" } },
	{ "firewall", .path = { "/etc/ufw/ufw.conf" }, .is = { "ENABLED=no\n" } },
	{ "firewall", .path = { "/run/firewalld/x" }, .is = { "" }, .advice = true, .what = "firewalld runs",
	  .mend = "firewall-cmd --add-port=2121/udp", .keep = "firewall-cmd --permanent --add-port=2121/udp" },
	{ "firewall", .path = { "/etc/systemd/system/sysinit.target.wants/nftables.service", "/etc/nftables.conf" },
	  .is = { "", "table inet filter {}\n" }, .advice = true, .what = "nftables rules are loaded at boot",
	  .mend = "write `udp dport 2121 accept` into the chain of hook input in /etc/nftables.conf, then "
	          "nft -f /etc/nftables.conf" },
	{ "firewall", .path = { "/etc/systemd/system/sysinit.target.wants/nftables.service", "/etc/nftables.conf" },
	  .is = { "", "  udp dport 2121 accept\n" } },
	/* names */
	{ "names", .path = { "/etc/systemd/resolved.conf.d/fips.conf", "/run/systemd/resolve/x" },
	  .is = { NULL, "" }, .advice = true, .what = "no resolver of this machine asks ::1 port 5354",
	  .mend = "mkdir -p /etc/systemd/resolved.conf.d && printf '[Resolve]\\nDNS=[::1]:5354\\nDomains=~fips\\n' "
	          ">/etc/systemd/resolved.conf.d/fips.conf && systemctl restart systemd-resolved" },
	{ "names", .path = { "/etc/systemd/resolved.conf.d/fips.conf", "/etc/dnsmasq.d/README" },
	  .is = { NULL, "" }, .advice = true, .what = "no resolver",
	  .mend = "echo 'server=/fips/::1#5354' >/etc/dnsmasq.d/fips.conf && systemctl restart dnsmasq" },
	{ "names", .path = { "/etc/systemd/resolved.conf.d/fips.conf", "/etc/dnsmasq.d/x.conf" },
	  .is = { NULL, "server=/fips/::1#5354\n" } },
	{ "names", .path = { "/etc/systemd/resolved.conf.d/fips.conf", "/etc/dnsmasq.d/x.conf" },
	  .is = { NULL, "# server=/fips/::1#5354\n" }, .advice = true, .what = "no resolver",
	  .mend = "echo 'server=/fips/::1#5354' >/etc/dnsmasq.d/fips.conf && systemctl restart dnsmasq" },
	{ "names", .conf = TUN ", \"dns\": { \"enabled\": false }",
	  .path = { "/etc/systemd/resolved.conf.d/fips.conf" } },
	/* others in fd00::/8 */
	{ "mesh-addresses", .path = { "/proc/net/ipv6_route" },
	  .is = { "fd000000000000000000000000000000 08 0 00 0 00000100 1 0 00000001 mesh1\n" },
	  .what = "mesh1 has a route of the mesh's addresses, fd00::/8", .mend = "ip -6 route del fd00::/8 dev mesh1",
	  .keep = "stop the program that makes it, or give it another prefix" },
	{ "mesh-addresses", .path = { "/proc/net/ipv6_route" },
	  .is = { "fc000000000000000000000000000000 07 0 00 0 00000100 1 0 00000001 vpn0\n" },
	  .what = "fc00::/7", .mend = "ip -6 route del fc00::/7 dev vpn0",
	  .keep = "stop the program that makes it, or give it another prefix" },
	{ "mesh-addresses", .path = { "/proc/net/ipv6_route" },
	  .is = { "fd000000000000000000000000000000 08 0 00 0 00000100 1 0 00000001 fips0\n" } },
	{ "mesh-addresses", .path = { "/sys/class/net/fips0/carrier" }, .is = { "1\n" },
	  .what = "device fips0 is in use",
	  .mend = "grep -ls '^iff:.*fips0$' /proc/[0-9]*/fdinfo/* names it; stop it, or set \"tun\": { \"name\": ... } "
	          "in the node file" },
	{ "mesh-addresses", .path = { "/sys/class/net/fips0/carrier" }, .is = { "0\n" } },
	{ "mesh-addresses", .path = { "/sys/class/net/fips0/carrier" }, .is = { "1\n" },
	  .differs = { .running = true } },
	/* kernel and processor */
	{ "udp-offload", .differs = { .no_gso = true }, .what = "UDP_SEGMENT",
	  .mend = "apt-get install linux-image-$(dpkg --print-architecture) && reboot  (4.18 or newer; from "
	          "backports if need be)" },
	{ "udp-offload", .differs = { .no_gro = true }, .what = "UDP_GRO", .path = { "/etc/debian_version" },
	  .mend = "install Linux 5.0 or newer, and start it" },
	{ "udp-offload", .conf = "\"transports\": { \"ethernet\": { \"interface\": \"eth0\" } }",
	  .differs = { .no_gso = true } },
	{ "tun-offload", .path = { "/proc/sys/kernel/osrelease" }, .is = { "6.1.0-18-amd64\n" },
	  .advice = true, .what = "no USO",
	  .mend = "apt-get install linux-image-$(dpkg --print-architecture) && reboot  (6.2 or "
	          "newer; from backports if need be)" },
	{ "tun-offload", .path = { "/proc/sys/kernel/osrelease" }, .is = { "10.0.1\n" } },
	{ "tun-offload", .conf = "\"tun\": { \"enabled\": true, \"offload\": false }",
	  .advice = true, .what = "tun.offload is off",
	  SET("tun.offload", ".tun.offload", "true") },
	{ "tun-offload", .conf = UDP, .path = { "/proc/sys/kernel/osrelease" },
	  .is = { "5.10.0\n" } },
	{ "governor", .path = { "/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor" },
	  .is = { "ondemand\n" },
	  .advice = true, .what = "cpu1 is governed by `ondemand`",
	  .mend = "echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
	  .keep = "echo 'w /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor - - - - performance' "
	          ">/etc/tmpfiles.d/millrace-governor.conf" },
	{ "governor", .path = { "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor" },
	  .is = { "schedutil\n" } },
	{ "governor", .path = { "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
	                        "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver" },
	  .is = { "powersave\n", "intel_pstate\n" } },
	{ "governor", .path = { "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
	                        "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver" },
	  .is = { "powersave\n", "acpi-cpufreq\n" }, .advice = true, .what = "`powersave`",
	  .mend = "echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
	  .keep = "echo 'w /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor - - - - performance' "
	          ">/etc/tmpfiles.d/millrace-governor.conf" },
	{ "cores", .conf = UDP ", \"graph\": \"staged\"", .differs = { .cores = 2 }, .advice = true,
	  .what = "10 workers of graph staged share 2 cores", SET("graph", ".graph", "\"auto\"") },
	{ "cores", .conf = UDP ", \"graph\": \"staged\"", .differs = { .cores = 16 } },
	{ "cores", .differs = { .cores = 1 } },
	{ "aead", .differs = { .alone = true }, .what = "no AEAD plugin was found",
	  .mend = "make install  (of all that was built; `millrace version` says where plugins are looked for)" },
	{ "aead", .differs = { .alone = true, .elsewhere = true }, .what = "no AEAD plugin was found",
	  .mend = "unset MILLRACE_PLUGINS  (/my/stages is in the place of the installed folder)" },
	{ "aead", .differs = { .alone = true }, .path = { "/proc/cpuinfo" },
	  .is = { "flags\t\t: fpu sse2\n" } },
	{ "aead", .conf = "\"aead\": { \"refuse\": \"fast\" }",
	  .what = "aead.refuse leaves mbedtls, which needs 6000 ns for a packet where fast needs 600",
	  .mend = "take fast out of \"aead\": { \"refuse\": ... } in the node file" },
	{ "aead", .conf = "\"aead\": { \"refuse\": \"faster\" }" },
	{ "clock", .differs = { .unsynced = true }, .advice = true, .what = "not synchronised",
	  .mend = "apt-get install systemd-timesyncd && timedatectl set-ntp true" },
};

/* ---- making a machine ---- */

static char root[32];
static struct mr_plugins *plugins;

static void make_folders(char *path)
{
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void put_file(const char *path, const char *content, mode_t mode)
{
	char at[512];
	FILE *f;

	snprintf(at, sizeof at, "%s%s", root, path);
	make_folders(at);
	unlink(at);
	if (!content)
		return;
	f = fopen(at, "w");
	ck_assert_ptr_nonnull(f);
	fputs(content, f);
	fclose(f);
	ck_assert_int_eq(chmod(at, mode), 0);
}

static void make_machine(void)
{
	struct mr_report report = { 0 };
	char graphs[512];

	strcpy(root, "/tmp/doctor-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	for (size_t i = 0; i < COUNT(healthy); i++)
		put_file(healthy[i][0], healthy[i][1],
		         strncmp(healthy[i][0], "/dev/", 5) ? 0644 : 0666);
	snprintf(graphs, sizeof graphs, "%s/graphs", getenv("srcdir") ? getenv("srcdir") : ".");
	setenv("MILLRACE_GRAPHS", graphs, 1);
	setenv("MILLRACE_PLUGINS", root, 1);
	plugins = cli_plugins_open(&report);
	ck_assert_ptr_nonnull(plugins);
	mr_report_free(&report);
}

static void remove_machine(void)
{
	char command[64];

	mr_plugins_close(plugins);
	snprintf(command, sizeof command, "rm -rf %s", root);
	ck_assert_int_eq(system(command), 0);
}

static const struct mr_aead fast = { .name = "fast" };

static struct doctor_machine machine_of(const struct differs *differs)
{
	return (struct doctor_machine){
		.root = root, .program = "/usr/bin/millrace",
		.cores = differs->cores ? differs->cores : 4,
		.gso = !differs->no_gso, .gro = !differs->no_gro, .synced = !differs->unsynced,
		.running = differs->running, .scores = differs->alone ? 1 : 2,
		.plugins = differs->elsewhere ? "/my/stages" : NULL,
		.score = { { .provider = &mr_aead_mbedtls, .ns_seal = 3000, .ns_open = 3000 },
		           { .provider = &fast, .ns_seal = 300, .ns_open = 300 } },
	};
}

struct examined {
	struct doctor         d;
	struct doctor_machine machine;
	struct cli_node       node;
	struct mr_plan       *plan;
};

static void examine(struct examined *e, const char *conf, const struct differs *differs,
                    const char *probe)
{
	struct mr_report report = { 0 };
	char file[64], text[2048];
	struct cli_node_options o = { .file = file, .kinds = plugins->kinds, .cores = 4 };
	unsigned ran = 0;

	snprintf(file, sizeof file, "%s/n.json", root);
	snprintf(text, sizeof text, "{ %s%s }", conf ? conf : UDP ", " TUN,
	         conf && !strstr(conf, "transports") ? ", " UDP : "");
	put_file("/n.json", text, 0600);
	cli_node_load(&e->node, &o, &report);
	mr_report_print(&report, stderr);
	ck_assert_uint_eq(report.errors, 0);
	free(e->node.file);
	e->node.file = strdup("/etc/millrace/millrace.json");
	e->plan = mr_plan_make(e->node.graph, 1600, &report);
	mr_report_free(&report);
	e->machine = machine_of(differs);
	e->d = (struct doctor){ .machine = &e->machine, .node = &e->node, .plan = e->plan };
	doctor_wish_of(&e->d.wish, &e->node);
	ran += doctor_run(&e->d, doctor_rights, probe);
	ran += doctor_run(&e->d, doctor_network, probe);
	ran += doctor_run(&e->d, doctor_kernel, probe);
	ck_assert_uint_eq(ran, probe ? 1 : 18);
}

static void finish(struct examined *e)
{
	doctor_free(&e->d);
	mr_plan_free(e->plan);
	cli_node_free(&e->node);
}

static void same(const char *a, const char *b, size_t row)
{
	ck_assert_msg(!strcmp(a ? a : "(none)", b ? b : "(none)"), "row %zu: \"%s\" is not \"%s\"",
	              row, a ? a : "(none)", b ? b : "(none)");
}

START_TEST(nothing_hurts)
{
	struct examined e;

	examine(&e, NULL, &(struct differs){ 0 }, NULL);
	ck_assert_msg(e.d.n == 0, "%s: %s", e.d.list[0].probe, e.d.list[0].what);
	finish(&e);
}
END_TEST

START_TEST(each_trouble)
{
	const struct doctor_finding *f;
	struct examined e;

	for (unsigned i = 0; i < 2; i++)
		if (rows[_i].path[i])
			put_file(rows[_i].path[i], rows[_i].is[i],
			         rows[_i].mode && i == 0 ? (mode_t)strtoul(rows[_i].mode, NULL, 8) :
			                                   0644);
	examine(&e, rows[_i].conf, &rows[_i].differs, rows[_i].probe);
	f = &e.d.list[0];
	if (!rows[_i].what) {
		ck_assert_msg(e.d.n == 0, "row %d, %s: %s", _i, rows[_i].probe, f->what);
	} else {
		ck_assert_msg(e.d.n == 1, "row %d, %s: %u findings", _i, rows[_i].probe, e.d.n);
		ck_assert_msg(strstr(f->what, rows[_i].what) != NULL, "row %d: %s", _i, f->what);
		ck_assert_int_eq(f->problem, !rows[_i].advice);
		ck_assert_uint_eq(e.d.problems, !rows[_i].advice);
		same(f->mend, rows[_i].mend, (size_t)_i);
		same(f->keep, rows[_i].keep, (size_t)_i);
	}
	finish(&e);
}
END_TEST

/* A machine of which nothing can be read: nothing is made up, and what is not there is said. */
START_TEST(an_empty_machine)
{
	char kept[32];
	struct examined e;

	examine(&e, NULL, &(struct differs){ 0 }, "clock"); /* loads the node */
	strcpy(kept, root);
	e.machine.root = "/nowhere";
	doctor_run(&e.d, doctor_rights, NULL);
	doctor_run(&e.d, doctor_network, NULL);
	doctor_run(&e.d, doctor_kernel, NULL);
	ck_assert_uint_eq(e.d.n, 4); /* rights, device, IPv6, names */
	ck_assert_uint_eq(e.d.problems, 3);
	finish(&e);
}
END_TEST

/* Others may write where the key lies. */
START_TEST(a_folder_for_all)
{
	char folder[64];
	struct examined e;

	put_file("/etc/millrace/a.key", "nsec", 0600);
	snprintf(folder, sizeof folder, "%s/etc/millrace", root);
	ck_assert_int_eq(chmod(folder, 0777), 0);
	examine(&e, "\"node\": { \"identity\": { \"key_file\": \"a.key\" } }",
	        &(struct differs){ 0 }, "key-file");
	ck_assert_uint_eq(e.d.n, 1);
	ck_assert_str_eq(e.d.list[0].mend, "chmod go-w /etc/millrace");
	finish(&e);
	ck_assert_int_eq(chmod(folder, 01777), 0); /* as /tmp is: there nobody may */
	examine(&e, "\"node\": { \"identity\": { \"key_file\": \"a.key\" } }",
	        &(struct differs){ 0 }, "key-file");
	ck_assert_uint_eq(e.d.n, 0);
	finish(&e);
}
END_TEST

/* A node file whose name a shell would take apart. */
START_TEST(a_name_with_spaces)
{
	struct examined e;

	examine(&e, UDP ", \"tun\": { \"enabled\": true, \"offload\": false }",
	        &(struct differs){ 0 }, "clock");
	free(e.node.file);
	e.node.file = strdup("my node.json");
	doctor_run(&e.d, doctor_kernel, "tun-offload");
	ck_assert_uint_eq(e.d.n, 1);
	ck_assert_str_eq(e.d.list[0].mend, "millrace run -c 'my node.json' --set 'tun.offload=true'");
	ck_assert_str_eq(e.d.list[0].keep, "new=$(jq '.tun.offload = true' 'my node.json') && "
	                                   "printf '%s\\n' \"$new\" >'my node.json'");
	finish(&e);
}
END_TEST

/* More workers that spin than cores. */
START_TEST(who_spins)
{
	static const unsigned cores[] = { 2, 3 };
	char graph[512], path[600], command[1400];
	struct examined e;

	snprintf(graph, sizeof graph, "%s/spin.json", root);
	snprintf(path, sizeof path, UDP ", \"graph\": \"%s\"", graph);
	snprintf(command, sizeof command, "sed 's/\"two-core\"/\"spin\"/; s/\"in\": *{/&\"idle\":{\"spin\":50},/' "
	         "%s/two-core.json >%s", getenv("MILLRACE_GRAPHS"), graph);
	ck_assert_int_eq(system(command), 0);
	examine(&e, path, &(struct differs){ .cores = cores[_i] }, "cores");
	ck_assert_uint_eq(e.d.n, _i == 0);
	if (_i == 0) {
		ck_assert(e.d.list[0].problem);
		ck_assert_ptr_nonnull(strstr(e.d.list[0].what, "3 workers of graph spin share 2 cores"));
	}
	finish(&e);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("doctor");
	TCase *t = tcase_create("doctor");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, make_machine, remove_machine);
	tcase_add_test(t, nothing_hurts);
	tcase_add_loop_test(t, each_trouble, 0, COUNT(rows));
	tcase_add_test(t, an_empty_machine);
	tcase_add_test(t, a_folder_for_all);
	tcase_add_test(t, a_name_with_spaces);
	tcase_add_loop_test(t, who_spins, 0, 2);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
