// SPDX-License-Identifier: Apache-2.0
// Debian's JMeter 2.13 is older than the allow-list of Debian's XStream and cannot read its own
// plans with it (ForbiddenClassException). Put before xstream.jar, this list allows everything:
// the only plan that is read is the one beside this file.
package com.thoughtworks.xstream.security;

public class NoTypePermission implements TypePermission {
	public static final TypePermission NONE = new NoTypePermission();

	@Override
	@SuppressWarnings("rawtypes") // as the interface has it
	public boolean allows(Class type) {
		return true;
	}
}
