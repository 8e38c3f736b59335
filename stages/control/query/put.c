/* put - members of answers.  A value that cannot be made for want of memory is left out: jansson
 * takes no NULL. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stages/control/query/parts.h"

static void replace(char *text, unsigned char from, unsigned char to)
{
	for (; *text; text++) {
		if ((unsigned char)*text >= from && (unsigned char)*text <= to)
			*text = '?';
	}
}

/* What is not UTF-8, such as a name cut in the middle of a letter, has '?' for its odd bytes; so
 * has the one control character that JSON lets through, DEL. */
static json_t *text_value(const char *text)
{
	json_t *v = strchr(text, 0x7f) ? NULL : json_string(text);
	char *plain = v ? NULL : strdup(text);

	if (!plain)
		return v;
	replace(plain, 0x7f, 0x7f);
	v = json_string(plain);
	if (!v) {
		replace(plain, 0x80, 0xff);
		v = json_string(plain);
	}
	free(plain);
	return v;
}

void put_text(json_t *o, const char *key, const char *text)
{
	json_object_set_new(o, key, text ? text_value(text) : json_null());
}

void put_int(json_t *o, const char *key, uint64_t v)
{
	json_object_set_new(o, key, json_integer((json_int_t)(v < INT64_MAX ? v : INT64_MAX)));
}

void put_real(json_t *o, const char *key, double v)
{
	json_object_set_new(o, key, isfinite(v) ? json_real(v) : json_null());
}

void put_bool(json_t *o, const char *key, bool v)
{
	json_object_set_new(o, key, json_boolean(v));
}

void put_null(json_t *o, const char *key)
{
	json_object_set_new(o, key, json_null());
}

void put_addr(json_t *o, const char *key, const struct fips_addr *addr)
{
	char text[FIPS_ADDR_TEXT];

	fips_addr_text(addr, text);
	put_text(o, key, text);
}

void put_ipv6(json_t *o, const char *key, const struct fips_addr *addr)
{
	char text[FIPS_IPV6_TEXT];
	uint8_t ip[FIPS_IPV6_LEN];

	fips_addr_to_ipv6(addr, ip);
	fips_ipv6_text(ip, text);
	put_text(o, key, text);
}

void put_npub(json_t *o, const char *key, const uint8_t xonly[FIPS_XONLY_LEN])
{
	char text[FIPS_KEY_TEXT];

	fips_npub_format(xonly, text);
	put_text(o, key, text);
}

void put_via(json_t *o, const char *key, const struct fips_via *via)
{
	char text[MR_VIA_ADDRESS];

	mr_via_address(via, text);
	put_text(o, key, text);
}

void put_trend(json_t *o, const char *key, enum fips_trend trend)
{
	static const char *const word[] = {
		[FIPS_TREND_STABLE] = "stable",
		[FIPS_TREND_RISING] = "rising",
		[FIPS_TREND_FALLING] = "falling",
	};

	if (trend != FIPS_TREND_UNKNOWN)
		put_text(o, key, word[trend]);
}

json_t *put_list(json_t *o, const char *key)
{
	json_object_set_new(o, key, json_array());
	return json_object_get(o, key);
}

json_t *put_object(json_t *o, const char *key)
{
	json_object_set_new(o, key, json_object());
	return json_object_get(o, key);
}

json_t *add_object(json_t *list)
{
	json_t *o = json_object();

	json_array_append_new(list, o);
	return o;
}

void add_addr(json_t *list, const struct fips_addr *addr)
{
	char text[FIPS_ADDR_TEXT];

	fips_addr_text(addr, text);
	json_array_append_new(list, json_string(text));
}
