package io.heddle.autoconfigure;

import io.heddle.web.Errors;
import io.heddle.web.UnreadHeaders;
import org.apache.catalina.core.StandardHost;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;

/** The envelope for what Tomcat refuses by itself: malformed requests, paths and headers. */
@AutoConfiguration(after = HeddleWebAutoConfiguration.class)
@ConditionalOnClass({TomcatServletWebServerFactory.class, StandardHost.class})
@ConditionalOnBean(Errors.class)
public final class TomcatErrorsAutoConfiguration {

  @Bean
  HeaderOverflow heddleTomcatHeaderOverflow() {
    return new TomcatHeaderOverflow();
  }

  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> heddleTomcatErrors(
      PathOwnership ownership, Errors errors, UnreadHeaders unread) {
    return factory ->
        factory.addContextCustomizers(
            context -> {
              StandardHost host = (StandardHost) context.getParent();
              // The host adds no valve of its own if one of the named class is there already.
              host.setErrorReportValveClass(EnvelopeErrorValve.class.getName());
              host.getPipeline().addValve(new EnvelopeErrorValve(ownership, errors, unread));
            });
  }
}
