package io.heddle;

import io.heddle.autoconfigure.HeddleServerConfiguration;
import io.heddle.autoconfigure.KeysCommand;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;

/**
 * The host as a server of its own. Everything it serves comes from the same auto-configuration that
 * an embedding application gets.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import(HeddleServerConfiguration.class)
public class HeddleApplication {

  /** Starts the server, or does what {@link KeysCommand} is asked for. */
  public static void main(String[] arguments) {
    // Not application.yaml: in the jar of a starter it would configure the embedding application.
    System.setProperty(
        "spring.config.name", System.getProperty("spring.config.name", "openwop-host,application"));
    if (KeysCommand.isMeant(arguments)) {
      System.exit(KeysCommand.run(application(KeysCommand.Surroundings.class), arguments));
    }
    application(HeddleApplication.class).run(arguments);
  }

  private static SpringApplication application(Class<?> source) {
    SpringApplication application = new SpringApplication(source);
    application.addListeners(new RunbookEnvironment());
    return application;
  }
}
