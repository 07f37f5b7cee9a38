/* Objects of a document as JSON: what inspect, tree and meta answer. */
#ifndef MANDOLINE_DESCRIBE_H
#define MANDOLINE_DESCRIBE_H

#include "answer.h"

/* kind, type, dtype, shape, length, what is wrong with it: all but its place and its children. */
void describe_node(struct dict *d, const struct node *node);

/* dtype, shape or length of a value, under its type's name. */
void describe_value(struct dict *d, const struct value *v);

/* NumPy's spelling: a text, or the descr of a record; null for NULL. */
void describe_dtype(struct dict *d, const struct dtype *dtype);

/*
 * The object at path with all below it, depth levels deep (0: itself alone). An object that was met before is
 * written as {"same_as": its path}; the children of a soft link are not listed, as they are at home
 * elsewhere. A list of plain values is summed up by its types. As many objects as limits->nodes.
 */
bool describe_tree(const struct document *document, struct bytes path, uint64_t depth,
                   const struct limits *limits, struct arena *arena, struct value **out, struct error *err);

#endif
