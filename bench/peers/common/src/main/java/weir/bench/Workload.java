package weir.bench;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;

/** What the generator wrote beside the events: see test/bench/peers/workload-spec.ts. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Workload(
        String id,
        String events,
        int fill,
        int measured,
        long maxOutOfOrderMs,
        List<Rule> rules,
        int batch,
        boolean memory) {

    /** A condition on one event; what is null is not asked. */
    public record Condition(String type, Integer code, Integer amountOver) {
        public boolean holds(Event event) {
            return type.equals(event.getType())
                    && (code == null || event.getCode() == code)
                    && (amountOver == null || event.getAmount() > amountOver);
        }
    }

    /** Two stages: relation is followedBy, followedByAny or notFollowedBy; join none, amountGreater or codeEqual. */
    public record Rule(
            String name, Condition first, Condition second, String relation, String join, long withinMs) {}

    private static final ObjectMapper MAPPER = new ObjectMapper();

    public static Workload read(File file) throws IOException {
        return MAPPER.readValue(file, Workload.class);
    }

    /** The first events of the file beside the description, decoded. */
    public static Event[] readEvents(File spec, Workload workload, int count) throws IOException {
        Event[] events = new Event[count];
        File file = new File(spec.getParentFile(), workload.events());
        var reader = MAPPER.readerFor(Event.class);
        try (BufferedReader lines = Files.newBufferedReader(file.toPath(), StandardCharsets.UTF_8)) {
            for (int at = 0; at < count; at++) {
                Event event = reader.readValue(lines.readLine());
                event.setType(event.getType().intern());
                event.setSeq(at + 1);
                events[at] = event;
            }
        }
        return events;
    }
}
