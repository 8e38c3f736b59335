/* tap.h - the two kinds of this module: tap makes copies, pcapng stores them. */
#ifndef MR_PLUGINS_TAP_TAP_H
#define MR_PLUGINS_TAP_TAP_H

#include "core/stage.h"

extern const struct mr_kind tap_pcapng;

#endif
