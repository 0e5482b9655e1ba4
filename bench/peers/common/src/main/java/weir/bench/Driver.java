package weir.bench;

import java.io.File;
import java.util.HashMap;
import java.util.Map;

/**
 * One engine over one workload, in the order that report-line.ts describes, told on standard output one JSON object a
 * line. Arguments: SPEC ENGINE, then --passes, --timeout-ms, --events.
 */
public final class Driver {
    private static final long WARM_MS = 3_000;
    private static final int WARM_PASSES_MAX = 20;
    /** The state before the measure may take so many times as long as the measure. */
    private static final int FILL_FACTOR = 2;
    /** Events between two looks at the clock. */
    private static final int CLOCK_MASK = 63;

    /** How a driver makes its engine. */
    public interface Factory {
        Engine create(String engine, Workload workload) throws Exception;
    }

    private record Result(boolean finished, String phase, int events, double ms, long matches, long rows, String hash) {
        void sayTimeout() {
            say("{\"kind\":\"timeout\",\"phase\":\"%s\",\"events\":%d,\"ms\":%.3f}", phase, events, ms);
        }
    }

    private final Engine engine;
    private final Workload workload;
    private final Event[] events;
    private final double timeoutMs;
    private final long lastTime;
    private long heapAfterFill;
    private boolean measuresHeap;

    private Driver(Engine engine, Workload workload, Event[] events, double timeoutMs) {
        this.engine = engine;
        this.workload = workload;
        this.events = events;
        this.timeoutMs = timeoutMs;
        long last = 0;
        for (Event event : events) last = Math.max(last, event.getTs());
        this.lastTime = last;
    }

    public static void main(String[] args, Factory factory) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (int at = 2; at + 1 < args.length; at += 2) options.put(args[at], args[at + 1]);
        File spec = new File(args[0]);
        Workload workload = Workload.read(spec);
        int measured = workload.measured();
        if (options.containsKey("--events")) measured = Math.min(measured, Integer.parseInt(options.get("--events")));
        Event[] events = Workload.readEvents(spec, workload, workload.fill() + measured);
        double timeoutMs = Double.parseDouble(options.getOrDefault("--timeout-ms", "60000"));
        long begun = System.nanoTime();
        Engine engine = factory.create(args[1], workload);
        figure("loadMs", (System.nanoTime() - begun) / 1e6);
        new Driver(engine, workload, events, timeoutMs).run(Integer.parseInt(options.getOrDefault("--passes", "5")));
    }

    public static void figure(String name, double value) {
        say("{\"kind\":\"figure\",\"name\":\"%s\",\"value\":%.3f}", name, value);
    }

    public static void pass(int events, long matches, long rows, double ms) {
        say("{\"kind\":\"pass\",\"events\":%d,\"matches\":%d,\"rows\":%d,\"ms\":%.3f}", events, matches, rows, ms);
    }

    private void run(int passes) throws Exception {
        long heapBefore = workload.memory() ? heapInUse() : 0;
        long begun = System.nanoTime();
        Result first = pass(true);
        if (!first.finished) {
            first.sayTimeout();
            return;
        }
        say(
                "{\"kind\":\"verify\",\"events\":%d,\"matches\":%d,\"hash\":\"%s\",\"ms\":%.3f}",
                first.events, first.matches, first.hash, first.ms);
        for (int warm = 1; warm < WARM_PASSES_MAX && millisSince(begun) < WARM_MS; warm++) pass(false);
        for (int at = 0; at < passes; at++) {
            System.gc();
            Result result = pass(false);
            if (!result.finished) {
                result.sayTimeout();
                return;
            }
            pass(result.events, result.matches, result.rows, result.ms);
        }
        if (workload.memory()) measureHeap(heapBefore);
    }

    private void measureHeap(long before) throws Exception {
        measuresHeap = true;
        pass(false);
        figure("heapOfFillBytes", heapAfterFill - before);
    }

    private static long heapInUse() {
        for (int round = 0; round < 3; round++) System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private Result pass(boolean verify) throws Exception {
        MatchSink sink = new MatchSink(verify);
        int fill = workload.fill();
        try (Engine.Pass pass = engine.open(sink)) {
            long begun = System.nanoTime();
            int filled = feed(pass, 0, fill, begun, FILL_FACTOR * timeoutMs);
            if (filled < fill) return new Result(false, "fill", filled, millisSince(begun), sink.count, 0, null);
            if (measuresHeap) heapAfterFill = heapInUse();
            long before = sink.count;
            begun = System.nanoTime();
            int done = feed(pass, fill, events.length, begun, timeoutMs);
            boolean whole = done == events.length - fill;
            if (whole) pass.end(lastTime + 1);
            double ms = millisSince(begun);
            return new Result(whole, "measured", done, ms, sink.count, sink.count - before, sink.hash());
        }
    }

    private int feed(Engine.Pass pass, int from, int to, long begun, double limitMs) throws Exception {
        for (int at = from; at < to; at++) {
            if ((at & CLOCK_MASK) == 0 && millisSince(begun) > limitMs) return at - from;
            pass.accept(events[at]);
        }
        return to - from;
    }

    private static double millisSince(long begun) {
        return (System.nanoTime() - begun) / 1e6;
    }

    private static void say(String format, Object... values) {
        System.out.println(String.format(java.util.Locale.ROOT, format, values));
        System.out.flush();
    }
}
