package io.heddle.testkit;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.concurrent.atomic.AtomicInteger;

/** An issuer of tokens with a web server for its keys, which it can replace and refuse to show. */
public final class TokenIssuer implements AutoCloseable {

  private final HttpServer server;

  private final AtomicInteger asked = new AtomicInteger();

  private volatile boolean down;

  private volatile JWK key;

  public TokenIssuer() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    key = rsa("key-1", 2048);
    server.createContext(
        "/.well-known/openid-configuration",
        exchange ->
            answer(
                exchange,
                "{\"issuer\": \"%s\", \"jwks_uri\": \"%s\"}".formatted(name(), jwksUri())));
    server.createContext(
        "/keys",
        exchange -> {
          asked.incrementAndGet();
          answer(exchange, new JWKSet(key).toString());
        });
    server.start();
  }

  private void answer(HttpExchange exchange, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(down ? 503 : 200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  public static RSAKey rsa(String kid, int bits) {
    try {
      return new RSAKeyGenerator(bits, true).keyID(kid).generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  public static ECKey ec(String kid) {
    try {
      return new ECKeyGenerator(Curve.P_256).keyID(kid).generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  public String name() {
    return "http://localhost:" + server.getAddress().getPort();
  }

  public String jwksUri() {
    return name() + "/keys";
  }

  /** How often its keys were asked for. */
  public int asked() {
    return asked.get();
  }

  public JWK key() {
    return key;
  }

  public void replaceKey(JWK key) {
    this.key = key;
  }

  public void goDown() {
    down = true;
  }

  public void comeBack() {
    down = false;
  }

  /** What a good token for this audience says. */
  public JWTClaimsSet.Builder claims(String audience, Instant now) {
    return new JWTClaimsSet.Builder()
        .issuer(name())
        .audience(audience)
        .subject("somebody@example.com")
        .issueTime(Date.from(now))
        .expirationTime(Date.from(now.plusSeconds(300)));
  }

  /** Signs with the key that it shows. */
  public String sign(JWTClaimsSet claims) {
    return sign(claims, key, key.getKeyID());
  }

  public static String sign(JWTClaimsSet claims, JWK key, String kid) {
    try {
      JWSAlgorithm algorithm = key instanceof RSAKey ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256;
      SignedJWT token = new SignedJWT(new JWSHeader.Builder(algorithm).keyID(kid).build(), claims);
      token.sign(
          key instanceof RSAKey rsa ? new RSASSASigner(rsa, true) : new ECDSASigner(key.toECKey()));
      return token.serialize();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Signs with a text that both sides know. */
  public static String signWithSecret(JWTClaimsSet claims, byte[] secret, String kid) {
    try {
      SignedJWT token =
          new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.HS256).keyID(kid).build(), claims);
      token.sign(new MACSigner(secret));
      return token.serialize();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
