package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.io.InputStream;

/** Holds reports to the schema that is shipped. */
final class ReportSchema {
    private ReportSchema() {}

    /** Refuses what the schema refuses, and every field that it does not describe: programs may pass over those, we may not. */
    static void requireFits(final JsonNode report) throws IOException {
        try (InputStream in = Report.class.getResourceAsStream("report.schema.json")) {
            final JsonNode schema = new ObjectMapper().readTree(in);
            close(schema);
            assertThat(JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V7)
                            .getSchema(schema)
                            .validate(report))
                    .isEmpty();
        }
    }

    private static void close(final JsonNode node) {
        if (node instanceof ObjectNode object && object.path("properties").isObject()) {
            object.put("additionalProperties", false);
        }
        node.forEach(ReportSchema::close);
    }
}
