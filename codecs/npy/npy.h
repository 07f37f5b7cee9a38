/* NumPy's file format (numpy.lib.format): magic, version, length of the header, header, data. */
#ifndef MANDOLINE_NPY_H
#define MANDOLINE_NPY_H

#include "codec.h"

enum { NPY_MAGIC = 6, NPY_ALIGN = 64 };

int npy_sniff(struct bytes head);
bool npy_decode(const struct input *in, const struct codec_options *options, const struct limits *limits,
                struct arena *arena, struct value **out, struct error *err);
bool npy_begin(struct encoder *e, struct error *err);
enum step npy_step(struct encoder *e, struct sink *out, struct error *err);

/* Of an npz. */
bool npz_begin(struct encoder *e, struct error *err);
enum step npz_step(struct encoder *e, struct sink *out, struct error *err);

#endif
