// Token counts of one answer: a part of the public library.
#pragma once

#include "tidegate/usage.h"
