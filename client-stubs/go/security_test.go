package madit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

const token = "painter-token-0123456789"

// Writes NAME.crt and NAME.key, signed by the parent, or by itself without one.
func certificate(t *testing.T, folder, name string, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: name}, // Java reads no certificate without.
		DNSNames:              []string{"localhost"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  parent == nil,
		BasicConstraintsValid: true,
	}
	if parent == nil {
		parent, signer = template, key
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer))
	encoded := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))
	write(t, filepath.Join(folder, name+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, filepath.Join(folder, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
	return must[*x509.Certificate](t)(x509.ParseCertificate(der)), key
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTLSCertificateAndTokenOpenTheServer(t *testing.T) {
	folder := t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	ca, caKey := certificate(t, folder, "ca", nil, nil)
	certificate(t, folder, "server", ca, caKey)
	certificate(t, folder, "client", ca, caKey)
	write(t, file("tokens"), []byte("painter "+token+"\n"))
	server := serve(t, "--tls-certificate", file("server.crt"), "--tls-key", file("server.key"),
		"--tls-client-ca", file("ca.crt"), "--auth-tokens", file("tokens"))

	known, err := LoadTLS(file("ca.crt"), file("client.crt"), file("client.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, server.address, WithTLS(known), WithToken(token)).Models(background); err != nil {
		t.Fatal(err)
	}
	_, err = connect(t, server.address, WithTLS(known), WithToken(token+"x")).Models(background)
	if failure := assertCode(t, err, codes.Unauthenticated); failure.Reason != "UNAUTHENTICATED" {
		t.Fatal(failure)
	}
	_, err = connect(t, server.address, WithTLS(nil), WithToken(token), fast).Models(background)
	assertCode(t, err, codes.Unavailable)
}

func TestLoadTLSHalfAPair(t *testing.T) {
	if _, err := LoadTLS("", "client.crt", ""); err == nil {
		t.Fatal("accepted")
	}
}
