FROM eclipse-temurin:25-jdk AS build
WORKDIR /build
COPY mvnw pom.xml ./
COPY .mvn .mvn
COPY src/main src/main
RUN --mount=type=cache,target=/root/.m2 ./mvnw -q -B package -Dmaven.test.skip=true
RUN java -Djarmode=tools -jar target/heddle-spring-boot-starter-*-exec.jar \
    extract --layers --application-filename heddle.jar --destination extracted

# A cache of linked classes halves the time to start. It fits only the very JVM and the very paths
# that made it, so it is made where the host will run, by a start that ends when all is ready.
FROM eclipse-temurin:25-jre AS train
RUN apt-get update && apt-get install -y --no-install-recommends postgresql && rm -rf /var/lib/apt/lists/*
WORKDIR /heddle
COPY --from=build /build/extracted/dependencies/ ./
COPY --from=build /build/extracted/snapshot-dependencies/ ./
COPY --from=build /build/extracted/application/ ./
RUN service postgresql start \
    && su postgres -c "psql -c \"create role heddle login password 'training'\" -c 'create database heddle owner heddle'" \
    && OPENWOP_PG_DSN=postgres://heddle:training@127.0.0.1:5432/heddle OPENWOP_API_KEY=only-for-training \
       java -XX:AOTCacheOutput=heddle.aot -Dspring.context.exit=onRefresh -jar heddle.jar \
    && test -s heddle.aot

FROM eclipse-temurin:25-jre
WORKDIR /heddle
# What changes least comes first. heddle.jar finds the libraries in lib/ beside it.
COPY --from=build /build/extracted/dependencies/ ./
COPY --from=build /build/extracted/snapshot-dependencies/ ./
COPY --from=build /build/extracted/application/ ./
COPY --from=train /heddle/heddle.aot ./
USER 10001:10001
EXPOSE 8080
# Whether the process is worth keeping. Whether it can serve is /actuator/health/readiness.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${OPENWOP_PORT:-8080} && printf 'GET /actuator/health/liveness HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200'"]
# The database is not in the image: set OPENWOP_PG_DSN, and OPENWOP_API_KEY. Mount a tmpfs at /tmp
# if the root file system is read-only.
ENTRYPOINT ["java", "-XX:AOTCache=heddle.aot", "-XX:MaxRAMPercentage=75", "-XX:+ExitOnOutOfMemoryError", "-jar", "heddle.jar"]
