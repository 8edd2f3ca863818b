// SPDX-License-Identifier: Apache-2.0
// Identities of netpulse-mint as one PKCS#12 file, an alias each: the number of the monitor.
// java Keystore.java IDS-DIR PASSWORD OUT.p12
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;

public class Keystore {
	// AlgorithmIdentifier of an EC key on P-256, after INTEGER 0.
	private static final byte[] P256 = {0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, (byte) 0x86, 0x48,
			(byte) 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x03, 0x01,
			0x07};

	private static byte[] tagged(int tag, byte[]... parts) {
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		int n = 0;
		for (byte[] p : parts)
			n += p.length;
		out.write(tag);
		if (n > 255) {
			out.write(0x82);
			out.write(n >> 8);
		} else if (n > 127) {
			out.write(0x81);
		}
		out.write(n & 0xff);
		for (byte[] p : parts)
			out.write(p, 0, p.length);
		return out.toByteArray();
	}

	// What OpenSSL writes of a key (SEC 1) wrapped as Java reads it (PKCS #8).
	private static PrivateKey key(byte[] sec1) throws Exception {
		byte[] pkcs8 = tagged(0x30, P256, tagged(0x04, sec1));
		return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
	}

	private static byte[] next(ByteBuffer in) {
		byte[] der = new byte[in.getShort() & 0xffff];
		in.get(der);
		return der;
	}

	public static void main(String[] args) throws Exception {
		CertificateFactory x509 = CertificateFactory.getInstance("X.509");
		List<Certificate> chain = new ArrayList<>();
		try (FileInputStream in = new FileInputStream(args[0] + "/cert.pem")) {
			chain.addAll(x509.generateCertificates(in)); // a leaf, then the region's intermediate
		}
		ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(Paths.get(args[0], "identities")))
				.order(ByteOrder.LITTLE_ENDIAN);
		char[] password = args[1].toCharArray();
		KeyStore store = KeyStore.getInstance("PKCS12");
		store.load(null, password);
		while (in.hasRemaining()) {
			in.getLong(); // the checker
			long monitor = in.getLong();
			PrivateKey key = key(next(in));
			chain.set(0, x509.generateCertificate(new ByteArrayInputStream(next(in))));
			store.setKeyEntry(Long.toString(monitor), key, password, chain.toArray(new Certificate[0]));
		}
		try (FileOutputStream out = new FileOutputStream(args[2])) {
			store.store(out, password);
		}
	}
}
