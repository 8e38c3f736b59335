/* yaml.h - a YAML file as a document like any other (json.h).
 *
 * The reference daemon's fips.yaml is read so: an operator who changes daemons keeps the file.
 * What plain scalars mean is YAML 1.2's core schema: null, true, false, whole and real numbers; all
 * else and all that is quoted is text.  Keys are text.  Complaints give the line and column of the
 * YAML.
 *
 * libyaml parses.  Strings may be secret: what is ours to overwrite is overwritten when it is done
 * with.
 */
#ifndef MR_CORE_YAML_H
#define MR_CORE_YAML_H

#include "core/json.h"

/* As mr_json_load and mr_json_parse.  An empty file is an empty object, as the reference has it; a
 * key that stands twice, more than one document, what is nested deeper than 64, and what anchors
 * blow up to more than 100000 values or 8 MiB of text is refused. */
struct mr_json *mr_yaml_load(const char *file, struct mr_report *report);
struct mr_json *mr_yaml_parse(const char *name, const char *text, size_t n,
                              struct mr_report *report);

#endif
