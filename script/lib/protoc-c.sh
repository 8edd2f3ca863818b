#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: protoc-c.sh PROTOC-C OUTPUT_FOLDER NAME.proto
# protoc-c, and its header declared foreign. Its macros expand in our files, where
# clang looks into them all the same: the cast that drops a const goes by way of a number.
set -eu
name=$(basename "$3" .proto)
"$1" "--c_out=$2" -I "$(dirname "$3")" "$3"
header=$2/$name.pb-c.h
{
	echo '#pragma GCC system_header'
	echo '#include <stdint.h>'
	sed 's/(char \*)protobuf_c_empty_string/(char *)(uintptr_t)protobuf_c_empty_string/g' "$header"
} >"$header.new"
mv "$header.new" "$header"
