package weir.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;

/** JSON decoding, apart from matching: every line from its bytes to an event, with Jackson. Arguments: SPEC PASSES. */
public final class Decode {
    private static final int WARM_PASSES = 3;

    private Decode() {}

    public static void main(String[] args) throws Exception {
        File spec = new File(args[0]);
        Workload workload = Workload.read(spec);
        File file = new File(spec.getParentFile(), workload.events());
        List<byte[]> lines =
                Files.readAllLines(file.toPath()).stream().map(line -> line.getBytes(StandardCharsets.UTF_8)).toList();
        var reader = new ObjectMapper().readerFor(Event.class);
        int passes = Integer.parseInt(args[1]);
        for (int pass = -WARM_PASSES; pass < passes; pass++) {
            long begun = System.nanoTime();
            long sum = 0;
            for (byte[] line : lines) sum += reader.<Event>readValue(line).getAmount();
            double ms = (System.nanoTime() - begun) / 1e6;
            if (pass >= 0) Driver.pass(lines.size(), sum, 0, ms);
        }
    }
}
