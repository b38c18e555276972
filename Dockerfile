FROM eclipse-temurin:25-jdk AS build
WORKDIR /build
COPY mvnw pom.xml ./
COPY .mvn .mvn
COPY src src
RUN --mount=type=cache,target=/root/.m2 ./mvnw -q -B package -DskipTests
RUN java -Djarmode=tools -jar target/heddle-spring-boot-starter-*-exec.jar \
    extract --layers --application-filename heddle.jar --destination extracted

FROM eclipse-temurin:25-jre
WORKDIR /heddle
# What changes least comes first. heddle.jar finds the libraries in lib/ beside it.
COPY --from=build /build/extracted/dependencies/ ./
COPY --from=build /build/extracted/snapshot-dependencies/ ./
COPY --from=build /build/extracted/application/ ./
USER 10001:10001
EXPOSE 8080
# The database is not in the image: set OPENWOP_PG_DSN, and OPENWOP_API_KEY.
ENTRYPOINT ["java", "-jar", "heddle.jar"]
