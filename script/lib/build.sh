# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts. configure FOLDER [meson options]: makes or renews a build folder.

# Was the folder made for this very checkout (and not for one it was copied from)?
is_ours() {
	grep -q "\"source\": \"$root\"" "$1/meson-info/meson-info.json" 2>/dev/null &&
		[ -f "$1/build.ninja" ]
}

configure() {
	folder=$1
	shift
	if is_ours "$folder"; then
		return
	fi
	rm -rf "$folder"
	meson setup "$folder" "$root" "$@" >"$folder.log" 2>&1 || {
		cat "$folder.log" >&2
		rm -f "$folder.log"
		return 1
	}
	rm -f "$folder.log"
}
