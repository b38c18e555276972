/** Joins the host to a Spring Boot application: what is offered, and when it steps back. */
@NullMarked
package io.heddle.autoconfigure;

import org.jspecify.annotations.NullMarked;
