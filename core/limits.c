#include "limits.h"

const struct limits limits_default = {
#define LIMIT_DEFAULT(field, name, value, minimum, what) .field = (value),
    LIMIT_TABLE(LIMIT_DEFAULT)
#undef LIMIT_DEFAULT
};
