package io.heddle.postgres;

import io.heddle.run.DenialStore;
import io.heddle.run.Denials.Denial;
import io.heddle.tenancy.Tenant;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Which denials the logs of runs tell. */
public final class DenialSql implements DenialStore {

  private static final String IS_NEW =
      """
      select exists (
        select 1 from openwop.run
        where tenant_id = :tenant and run_id = :run
          and started_at is not null and status not in ('COMPLETED', 'FAILED', 'CANCELLED')
      ) and not exists (
        select 1 from openwop.run_denial
        where tenant_id = :tenant and run_id = :run
          and principal = :principal and action = :action and resource = :resource
      ) and :most > (
        select count(*) from openwop.run_denial where tenant_id = :tenant and run_id = :run
      )
      """;

  private static final String ADD =
      """
      insert into openwop.run_denial (run_id, principal, action, resource, tenant_id)
      select :run, :principal, :action, :resource, :tenant
      where :most > (
        select count(*) from openwop.run_denial where tenant_id = :tenant and run_id = :run
      )
      on conflict (run_id, principal, action, resource) do nothing
      """;

  private final JdbcClient jdbc;

  public DenialSql(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  @Override
  public boolean isNew(Tenant tenant, String runId, Denial denial, int most) {
    return about(IS_NEW, tenant, runId, denial, most).query(Boolean.class).single();
  }

  @Override
  public boolean add(Tenant tenant, String runId, Denial denial, int most) {
    return about(ADD, tenant, runId, denial, most).update() == 1;
  }

  private JdbcClient.StatementSpec about(
      String sql, Tenant tenant, String runId, Denial denial, int most) {
    return jdbc.sql(sql)
        .param("tenant", tenant.id())
        .param("run", runId)
        .param("principal", denial.principal())
        .param("action", denial.action())
        .param("resource", denial.resource())
        .param("most", most);
  }
}
