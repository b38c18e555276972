package io.heddle.autoconfigure;

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

/** How the stores reach the migrated schema. */
record HostDatabase(JdbcClient jdbc, TransactionOperations transactions) {}
