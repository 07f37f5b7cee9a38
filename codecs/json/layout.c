#include "layout.h"

bool layout_member(struct layout *l, const char *name, struct sink *out, struct error *err)
{
    return layout_separate(l, out, err) && put_string(out, bytes_text(name), false, err) &&
           layout_colon(l, out, err);
}

bool layout_open_member(struct layout *l, const char *name, char bracket, struct sink *out, struct error *err)
{
    return layout_member(l, name, out, err) && layout_open(l, bracket, out, err);
}
