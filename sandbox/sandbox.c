#include "sandbox.h"
extern int sandbox_is_empty;
