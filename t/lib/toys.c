#include "t/lib/toys.h"

static const struct mr_field source_fields[] = {
	{ .name = "batch", .type = MR_U32, MR_AT(struct toy, batch), .min = 1, .max = 64, .def = 32,
	  .unit = "packets", .help = "packets a turn" },
	{ .name = "label", .type = MR_TEXT, MR_AT(struct toy, label), .text = "none" },
	{ 0 }
};

struct toy_conf {
	char    *name;
	uint32_t size;
};

static const struct mr_field toy_fields[] = {
	{ .name = "size", .type = MR_U32, MR_AT(struct toy_conf, size),
	  .min = 1, .max = 9000, .def = 1280 },
	{ 0 }
};

const struct mr_section toy_sections[] = {
	{ .path = "transports.udp", .fields = toy_fields,
	  .size = sizeof(struct toy_conf), .instances = true },
	{ 0 }
};

static const struct mr_port source_out[] = {
	{ .name = "a" }, { .name = "b", .optional = true }, { 0 }
};
static const struct mr_port filter_in[] = {
	{ .name = "in", .reaches = MR_ALL_OUTPUTS },
	{ .name = "side", .reaches = MR_OUT(1), .optional = true },
	{ 0 }
};
static const struct mr_port filter_out[] = {
	{ .name = "out" }, { .name = "extra", .optional = true }, { 0 }
};
static const struct mr_port cross_in[] = {
	{ .name = "x", .reaches = MR_OUT(0) }, { .name = "y", .reaches = MR_OUT(1) }, { 0 }
};
static const struct mr_port cross_out[] = { { .name = "p" }, { .name = "q" }, { 0 } };
static const struct mr_port number_in[] = { { .name = "in", .reaches = MR_ALL_OUTPUTS }, { 0 } };
static const struct mr_port number_out[] = { { .name = "out", .numbered = true }, { 0 } };
static const struct mr_port send_in[] = {
	{ .name = "frames", .numbered = true }, { .name = "raw", .optional = true }, { 0 }
};
static const struct mr_port host_in[] = { { .name = "msg", .optional = true }, { 0 } };
static const struct mr_port host_out[] = { { .name = "order", .optional = true }, { 0 } };
static const struct mr_port none[] = { { 0 } };

static const struct mr_kind source = {
	.abi = MR_ABI, .name = "source", .size = sizeof(struct toy), .fields = source_fields,
	.inputs = none, .outputs = source_out, .makes = true, .single = true,
	.sections = toy_sections
};
static const struct mr_kind filter = {
	.abi = MR_ABI, .name = "filter", .size = 1, .inputs = filter_in, .outputs = filter_out,
	.sections = toy_sections,
	.affinities = MR_OUT(MR_ANY) | MR_OUT(MR_DESTINATION) | MR_OUT(MR_PEER) | MR_OUT(MR_FLOW),
	.shards = MR_OUT(MR_DESTINATION) | MR_OUT(MR_PEER)
};
static const struct mr_kind cross = {
	.abi = MR_ABI, .name = "cross", .inputs = cross_in, .outputs = cross_out
};
static const struct mr_kind number = {
	.abi = MR_ABI, .name = "number", .inputs = number_in, .outputs = number_out
};
static const struct mr_kind send_kind = {
	.abi = MR_ABI, .name = "send", .inputs = send_in, .outputs = none, .once = true,
	.part = "sends", .affinities = MR_OUT(MR_PEER) | MR_OUT(MR_FLOW)
};
static const struct mr_kind courier = {
	.abi = MR_ABI, .name = "courier", .inputs = send_in, .outputs = none, .part = "sends"
};
static const struct mr_kind host = {
	.abi = MR_ABI, .name = "host", .inputs = host_in, .outputs = host_out, .host = true
};

const struct mr_kind *const toys[] = { &source,    &filter,  &cross, &number,
	                               &send_kind, &courier, &host,  NULL };
