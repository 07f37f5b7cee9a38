/* A document that is on its way: what is there of it can be decoded while the rest comes. */
#ifndef MANDOLINE_ARRIVAL_H
#define MANDOLINE_ARRIVAL_H

#include "codec.h"

struct arrival {
    const struct codec *codec;
    const struct codec_options *options; /* those that the document is opened with later */
    const struct limits *limits;
    struct arena *arena; /* the codec's alone as long as it is at work */
    struct bytes whole;  /* where all of it will be */
    size_t here;         /* bytes of it that are there */
    size_t behind; /* bytes of those that are left for later: what is cut there is done again, with all */
    void *state;   /* the codec's; NULL at first */
};

#endif
