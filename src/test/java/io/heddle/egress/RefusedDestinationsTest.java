package io.heddle.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which URLs are refused before anything is sent. */
class RefusedDestinationsTest {

  private static final EgressSettings DEFAULT =
      new EgressSettings(List.of(), List.of(), false, 1024);

  private final AtomicInteger lookUps = new AtomicInteger();

  private Egress egress = resolvingTo(DEFAULT, "93.184.216.34");

  private Egress resolvingTo(EgressSettings settings, String... addresses) {
    return new Egress(
        settings,
        host -> {
          lookUps.incrementAndGet();
          if (addresses.length == 0) {
            throw new UnknownHostException(host);
          }
          InetAddress[] found = new InetAddress[addresses.length];
          for (int i = 0; i < found.length; i++) {
            found[i] = InetAddress.getByName(addresses[i]);
          }
          return found;
        },
        List.of(),
        Egress.jvmDefault());
  }

  @AfterEach
  void close() {
    egress.close();
  }

  private void assertRefused(String url, String reason) {
    assertThatThrownBy(() -> egress.check(url))
        .isInstanceOfSatisfying(
            EgressRefusedException.class,
            refused -> assertThat(refused.reason()).as(url).isEqualTo(reason));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/hook",
        "https://[2606:2800:220:1:248:1893:25c8:1946]:8443",
        "https://1.1.1.1:1/",
        "https://9.255.255.255/",
        "https://11.0.0.0/",
        "https://100.63.255.255/",
        "https://100.128.0.0/",
        "https://126.255.255.255/",
        "https://128.0.0.0/",
        "https://169.253.255.255/",
        "https://169.255.0.0/",
        "https://172.15.255.255/",
        "https://172.32.0.0/",
        "https://192.0.1.0/",
        "https://192.167.255.255/",
        "https://192.169.0.0/",
        "https://198.17.255.255/",
        "https://198.20.0.0/",
        "https://223.255.255.255/",
        "https://[2001:200::1]/",
        "https://[2400:cb00::1]/",
        "https://[64:ff9b::5db8:d822]/"
      })
  void publicAddressesAreNot(String url) {
    assertThatCode(() -> egress.check(url)).doesNotThrowAnyException();
    assertThat(lookUps).as("an address is not looked up").hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://hooks.example.com",
        "HTTPS://Hooks.Example.COM:443/a/b?c=d&e=%20",
        "https://a.b-c.1d.example/",
        "https://xn--bcher-kva.example/",
        "https://receiver/",
        "https://metadata.example.com/",
        "https://localhost.example.com/",
        "https://10.example/?http://user@10.0.0.1/#no"
      })
  void namesWithPublicAddressesAreNot(String url) {
    String plain = url.replaceFirst("#.*", "");

    assertThatCode(() -> egress.check(plain)).doesNotThrowAnyException();
    assertThat(lookUps).hasValue(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255"
      })
  void privateIpv4AddressesAreHoweverTheyAreWrapped(String address) throws UnknownHostException {
    assertRefused("https://" + address + "/", "address");
    byte[] bytes = InetAddress.getByName(address).getAddress();
    String hex = "%02x%02x:%02x%02x".formatted(bytes[0], bytes[1], bytes[2], bytes[3]);
    assertRefused("https://[64:ff9b::" + hex + "]/", "address");
    assertRefused("https://[64:ff9b:1::" + hex + "]/", "address");
    assertRefused("https://[2002:" + hex + "::1]/", "address");
    assertRefused("https://[2001:0:" + hex + "::1]/", "address");
    assertRefused("https://[::" + hex + "]/", "address");
    assertRefused("https://[::ffff:" + hex + "]/", "host");
    assertRefused("https://[::ffff:" + address + "]/", "host");
    assertRefused("https://[0:0:0:0:0:FFFF:" + address + "]/", "host");

    egress.close();
    egress = resolvingTo(DEFAULT, "93.184.216.34", address);
    assertRefused("https://hooks.example.com/", "address");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "::",
        "::1",
        "::2",
        "fc00::1",
        "fdff:ffff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "feff::1",
        "ff02::1",
        "64:ff9b:1::1",
        "2002:5db8:d822::1",
        "2001:0:5db8:d822::1",
        "2001:2::1",
        "2001:db8::1",
        "2001:10::1",
        "3fff::1",
        "5f00::1",
        "100::1",
        "4000::1",
        "::ffff:0:1.2.3.4"
      })
  void otherIpv6AddressesAre(String address) {
    assertRefused("https://[" + address + "]/", "address");
    egress.close();
    egress = resolvingTo(DEFAULT, address);
    assertRefused("https://hooks.example.com/", "address");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x7F.0.0.1",
        "017700000001",
        "0177.0.0.1",
        "0177.0.0.01",
        "127.1",
        "127.0.1",
        "0",
        "127.0.0.1.",
        "127.0.0.01",
        "1.2.3.4.5",
        "256.1.1.1",
        "93.184.55330",
        "1.2.3.0x",
        "[127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "[::1",
        "[]",
        "[:]",
        "localhost",
        "LOCALHOST",
        "app.localhost",
        "localhost.",
        "metadata",
        "metadata.google.internal",
        "Metadata.Google.Internal",
        "metadata.google.internal.",
        "metadata.goog",
        "example.com.",
        "%6c%6fcalhost",
        "%31%32%37.0.0.1",
        "①②⑦.0.0.1",
        "ⓛocalhost",
        "bücher.example",
        "例え.jp",
        "exam\u00adple.com",
        "127。0。0。1",
        "a_b.example",
        "-a.example",
        "a-.example",
        "a..example",
        ".example",
        "a b.example",
        "example.com\\",
        "",
        "*",
        "*.example.com"
      })
  void disguisesAre(String host) {
    assertThatThrownBy(() -> egress.check("https://" + host + "/"))
        .isInstanceOfSatisfying(
            EgressRefusedException.class,
            refused -> assertThat(refused.reason()).isIn("host", "url"));
    assertThat(lookUps).as("nobody is asked").hasValue(0);
  }

  @ParameterizedTest
  @CsvSource({
    "http://93.184.216.34/, scheme",
    "http://hooks.example.com/, scheme",
    "ftp://hooks.example.com/, scheme",
    "file:///etc/passwd, scheme",
    "gopher://hooks.example.com/, scheme",
    "jar:https://hooks.example.com/!/, scheme",
    "javascript:alert(1), scheme",
    "//hooks.example.com/, scheme",
    "hooks.example.com, scheme",
    "'', scheme",
    "not a url, url",
    "https:hooks.example.com, url",
    "https:/hooks.example.com, url",
    "https:///hook, url",
    "https://, url",
    "https://user@hooks.example.com/, user-info",
    "https://user:secret@hooks.example.com/, user-info",
    "https://hooks.example.com@10.0.0.1/, user-info",
    "https://@hooks.example.com/, user-info",
    "https://:@hooks.example.com/, user-info",
    "https://hooks.example.com/#there, fragment",
    "https://hooks.example.com/#, fragment",
    "https://hooks.example.com:0/, port",
    "https://hooks.example.com:65536/, port",
    "https://hooks.example.com:99999999999/, port",
    "https://hooks.example.com:-1/, port",
    "https://hooks.example.com:443:80/, port",
    "https://[2606:2800::1]x:443/, url",
    "https://hooks.example.com\\@10.0.0.1/, url",
    "https://hooks.example.com\\.10.0.0.1/, url",
    "https://hooks.example.com//there, url",
    "https://hooks.example.com/{id}, url",
  })
  void malformedUrlsAre(String url, String reason) {
    assertRefused(url, reason);
    assertThat(lookUps).as("nobody is asked").hasValue(0);
  }

  @Test
  void controlCharactersAre() {
    for (char control : new char[] {0, '\t', '\n', '\r', ' ', 0x7f, 0x85, 0xa0, 0x2028}) {
      assertRefused("https://hooks.example.com/" + control, "url");
      assertRefused("https://hooks" + control + ".example.com/", "url");
      assertRefused(control + "https://hooks.example.com/", "url");
    }
    assertRefused("https://hooks.example.com/" + "a".repeat(8192), "url");
    assertRefused("https://" + "a.".repeat(127) + "ab/", "host");
    assertRefused("https://" + "a".repeat(64) + ".example/", "host");
  }

  @Test
  void namesWithoutAddressAre() {
    egress.close();
    egress = resolvingTo(DEFAULT);

    assertRefused("https://hooks.example.com/", "unresolvable");
  }

  @Test
  void theMessageNamesNothingOfTheUrl() {
    for (String url :
        List.of(
            "https://alice:hunter2@hooks.example.com/?token=hunter2",
            "https://hunter2.localhost/?hunter2",
            "https://10.0.0.1/?token=hunter2",
            "http://hooks.example.com/hunter2",
            "https://hooks.example.com/ hunter2")) {
      assertThatThrownBy(() -> egress.check(url))
          .isInstanceOf(EgressRefusedException.class)
          .hasMessageNotContainingAny("hunter2", "10.0.0.1", "example")
          .hasNoCause();
    }
  }

  @Test
  void whatIsDeniedIsWhateverElseIsAllowed() {
    egress.close();
    egress =
        resolvingTo(
            new EgressSettings(
                List.of("*.example.com", "93.184.0.0/16", "2606:2800::/32"),
                List.of("bad.example.com", "*.evil.example.com", "93.184.216.0/24", "10.1.0.0/16"),
                true,
                1),
            "93.184.217.1");

    assertRefused("https://bad.example.com/", "denied");
    assertRefused("https://BAD.example.com/", "denied");
    assertRefused("https://very.evil.example.com/", "denied");
    assertThatCode(() -> egress.check("https://evil.example.com/")).doesNotThrowAnyException();
    assertRefused("https://93.184.216.34/", "denied");
    assertRefused("https://[64:ff9b::93.184.216.34]/", "denied");
    assertRefused("http://10.1.2.3/", "denied");
    assertThatCode(() -> egress.check("https://93.184.217.1/")).doesNotThrowAnyException();

    egress.close();
    egress =
        resolvingTo(new EgressSettings(List.of(), List.of("10.1.0.0/16"), true, 1), "10.1.2.3");
    assertRefused("https://hooks.example.com/", "denied");
  }

  @Test
  void whatIsNotAllowedIsIfAnythingIs() {
    EgressSettings settings =
        new EgressSettings(
            List.of("partner.example", "*.example.com", "93.184.216.34", "2606:2800::/32"),
            List.of(),
            false,
            1);
    egress.close();
    egress = resolvingTo(settings, "1.1.1.1");

    for (String allowed :
        List.of(
            "https://partner.example/",
            "https://a.b.example.com/",
            "https://93.184.216.34/",
            "https://[2606:2800:1::1]/")) {
      assertThatCode(() -> egress.check(allowed)).as(allowed).doesNotThrowAnyException();
    }
    assertRefused("https://example.com/", "not-allowed");
    assertRefused("https://notexample.com/", "not-allowed");
    assertRefused("https://a.partner.example/", "not-allowed");
    assertRefused("https://93.184.216.35/", "not-allowed");
    assertRefused("https://[2606:2801::1]/", "not-allowed");

    egress.close();
    egress = resolvingTo(settings, "93.184.216.34", "1.1.1.1");
    assertRefused("https://elsewhere.example/", "not-allowed");
    egress.close();
    egress = resolvingTo(settings, "93.184.216.34");
    assertThatCode(() -> egress.check("https://elsewhere.example/")).doesNotThrowAnyException();
    egress.close();
    egress = resolvingTo(settings, "10.0.0.1");
    assertRefused("https://partner.example/", "address");
  }

  @Test
  void privateNetworksAreNotWhereTheyMayBeCalled() {
    egress.close();
    egress = resolvingTo(new EgressSettings(List.of(), List.of(), true, 1), "10.1.2.3");

    for (String open :
        List.of(
            "http://127.0.0.1:8080/",
            "http://localhost:1/",
            "http://app.localhost/",
            "https://192.168.1.1/",
            "http://[::1]:1/",
            "http://[fd00::1]/",
            "http://receiver/",
            "http://100.64.0.1/")) {
      assertThatCode(() -> egress.check(open)).as(open).doesNotThrowAnyException();
    }
    assertRefused("ftp://127.0.0.1/", "scheme");
    assertRefused("http://2130706433/", "host");
    assertRefused("http://user@127.0.0.1/", "user-info");
    // They give the machine's credentials to whoever calls.
    assertRefused("http://169.254.169.254/latest/meta-data", "address");
    assertRefused("http://metadata.google.internal/", "host");
    assertRefused("http://0.0.0.0/", "address");
    assertRefused("http://[fe80::1]/", "address");
    assertRefused("http://224.0.0.1/", "address");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.0/33",
        "10.0.0/8",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "fd00::/129",
        "a b",
        "*",
        "*.",
        "",
        "https://a.example",
        "a.example:443",
        "*.*.example",
        "0x7f.1"
      })
  void aListWithAnythingElseStopsTheStart(String entry) {
    assertThatThrownBy(() -> new Egress(new EgressSettings(List.of(), List.of(entry), false, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("openwop.egress.deny");
  }
}
