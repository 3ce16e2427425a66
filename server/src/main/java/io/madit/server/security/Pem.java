package io.madit.server.security;

import io.grpc.util.CertificateUtils;
import io.madit.server.config.ConfigException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;

/** Certificates and keys as PEM. Messages never show the content. */
final class Pem {
  private Pem() {}

  static X509Certificate[] certificates(byte[] pem) throws ConfigException {
    X509Certificate[] certificates;
    try {
      certificates = CertificateUtils.getX509Certificates(new ByteArrayInputStream(pem));
    } catch (CertificateException e) {
      throw new ConfigException("must have PEM certificates, has something else");
    }
    if (certificates.length == 0) {
      throw new ConfigException("must have a PEM certificate, has none");
    }
    return certificates;
  }

  static PrivateKey key(byte[] pem) throws ConfigException {
    try {
      return CertificateUtils.getPrivateKey(new ByteArrayInputStream(pem));
    } catch (GeneralSecurityException | IOException | IllegalArgumentException e) {
      throw new ConfigException(
          "the key must be an RSA or EC key in PKCS#8 without a password (BEGIN PRIVATE KEY);"
              + " `openssl pkcs8 -topk8 -nocrypt` converts others");
    }
  }

  /** Whether they belong together, found out by a signature. */
  static boolean match(PrivateKey key, PublicKey certified) {
    String algorithm = key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
    byte[] text = {1, 2, 3};
    try {
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(key);
      signer.update(text);
      Signature verifier = Signature.getInstance(algorithm);
      verifier.initVerify(certified);
      verifier.update(text);
      return verifier.verify(signer.sign());
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
