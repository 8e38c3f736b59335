/* sample.h - a sample of the history, taken by control's tick. */
#ifndef MR_STAGES_CONTROL_SAMPLE_H
#define MR_STAGES_CONTROL_SAMPLE_H

#include "stages/control/state.h"

void mr_history_tick(struct control *c, uint64_t now);

#endif
