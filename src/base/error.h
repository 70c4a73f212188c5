// Errors as values, those of the public library: see there.
#pragma once

#include "tidegate/error.h"
