/* descriptors.h - how many files this process has open (R16). */
#ifndef T_LIB_DESCRIPTORS_H
#define T_LIB_DESCRIPTORS_H

unsigned descriptors(void);

#endif
