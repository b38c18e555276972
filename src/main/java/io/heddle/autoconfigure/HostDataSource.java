package io.heddle.autoconfigure;

import javax.sql.DataSource;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.NoUniqueBeanDefinitionException;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;

/** The one of the application's data sources that the host is on. */
record HostDataSource(DataSource dataSource) {

  /**
   * The application's only one, its primary one, or the one that is named {@code dataSource}.
   *
   * @throws HostDatabaseException if it is none of these
   */
  static HostDataSource of(ObjectProvider<DataSource> dataSource) {
    try {
      return new HostDataSource(dataSource.getObject());
    } catch (NoUniqueBeanDefinitionException e) {
      throw new HostDatabaseException(
          "The application has %d data sources (%s) and none of them is the primary one, so the OpenWOP host does not know which one is its."
              .formatted(
                  e.getNumberOfBeansFound(),
                  e.getBeanNamesFound() == null ? "" : String.join(", ", e.getBeanNamesFound())),
          "Mark the data source on the Postgres that the host is to use as @Primary.");
    }
  }

  /** Instantiates no bean. */
  static void requireAny(ConfigurableListableBeanFactory beans) {
    if (BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beans, DataSource.class, true, false)
            .length
        == 0) {
      throw new HostDatabaseException(
          "The application has no DataSource, and the OpenWOP host keeps everything in one.",
          "Configure one on Postgres, for example by spring.datasource.url, or leave the host out by"
              + " spring.autoconfigure.exclude="
              + HeddleAutoConfiguration.class.getName()
              + ".");
    }
  }
}
