# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts: Debian's own tools and libraries before anything that was
# installed beside them, and no stray flags from the caller's environment.
PATH="/usr/bin:/bin:/usr/sbin:/sbin:$PATH"
export PATH
multiarch=$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)
PKG_CONFIG_LIBDIR="/usr/lib/$multiarch/pkgconfig:/usr/lib/pkgconfig:/usr/share/pkgconfig"
export PKG_CONFIG_LIBDIR
unset PKG_CONFIG_PATH LIBRARY_PATH LD_LIBRARY_PATH CPATH C_INCLUDE_PATH CFLAGS CPPFLAGS LDFLAGS CC CXX
