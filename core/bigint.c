#include "bigint.h"
