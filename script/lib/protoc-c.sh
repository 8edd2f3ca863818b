#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: protoc-c.sh PROTOC-C OUTPUT_FOLDER NAME.proto
# protoc-c, and its header declared foreign: its macros expand in our files, where
# clang would hold them against our warnings.
set -eu
name=$(basename "$3" .proto)
"$1" "--c_out=$2" -I "$(dirname "$3")" "$3"
header=$2/$name.pb-c.h
{
	echo '#pragma GCC system_header'
	cat "$header"
} >"$header.new"
mv "$header.new" "$header"
