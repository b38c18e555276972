package io.heddle.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.spi.SecretSource.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretDirectoryTest {

  @TempDir private Path root;

  private SecretDirectory secrets;

  @BeforeEach
  void fill() throws IOException {
    secrets = new SecretDirectory(root.resolve("secrets"));
    write("secrets/acme/payments", "of acme\n");
    write("secrets/acme/users/ada/payments", "of ada\r\n");
    write("secrets/globex/payments", "of globex");
    write("outside", "not to be reached");
    write("secrets/loose", "of nobody");
  }

  @Test
  void aSecretOfThePrincipalGoesBeforeOneOfTheTenant() throws IOException {
    assertThat(find("payments", "acme", "ada")).isEqualTo("of ada");
    assertThat(find("payments", "acme", "bob")).isEqualTo("of acme");
    assertThat(find("payments", "globex", "ada")).isEqualTo("of globex");
    assertThat(find("payments", "initech", "ada")).isNull();
    assertThat(find("another", "acme", "ada")).isNull();
  }

  @Test
  void aChangeIsSeenAtOnce() throws IOException {
    assertThat(find("later", "acme", "ada")).isNull();
    write("secrets/acme/later", "first");
    assertThat(find("later", "acme", "ada")).isEqualTo("first");
    write("secrets/acme/later", "second");
    assertThat(find("later", "acme", "ada")).isEqualTo("second");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../outside",
        "../../outside",
        "..",
        ".",
        "",
        "/etc/passwd",
        "users",
        "users/ada/payments",
        "a/../../loose",
        "..\\outside",
        "pay\0ments",
        "payments/",
        "payments "
      })
  void noNameLeadsElsewhere(String name) throws IOException {
    assertThat(find(name, "acme", "ada")).isNull();
    assertThat(find("payments", name, "ada")).isNull();
    assertThat(find("loose", name, "ada")).isNull();
    assertThat(find("payments", "acme", name)).isEqualTo("of acme");
  }

  @Test
  void onlyTextOfBoundedSizeIsASecret() throws IOException {
    write("secrets/acme/large", "x".repeat(64 * 1024 + 1));
    Files.write(root.resolve("secrets/acme/bytes"), new byte[] {'a', (byte) 0xff});

    assertThatThrownBy(() -> find("large", "acme", "ada")).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> find("bytes", "acme", "ada")).isInstanceOf(IOException.class);
  }

  private String find(String secretId, String tenant, String principal) throws IOException {
    return secrets.resolve(new Request(secretId, tenant, principal, null));
  }

  private void write(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
