package weir.bench.flink;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.state.rocksdb.RocksDBOptions;
import weir.bench.Driver;
import weir.bench.Engine;
import weir.bench.Event;
import weir.bench.MatchSink;
import weir.bench.Workload;
import weir.bench.Workload.Rule;

/** Flink CEP, one operator per rule, all of them fed by one thread. */
public final class FlinkEngine implements Engine {
    /** Events between two watermarks: what the default interval of 200 ms gives at one event a millisecond. */
    private static final int WATERMARK_EVERY = Integer.getInteger("bench.watermarkEvery", 200);
    /** Block cache and write buffers of RocksDB together. */
    private static final int ROCKSDB_MEMORY_MIB = Integer.getInteger("bench.rocksdbMemoryMiB", 64);

    private final Workload workload;
    private final boolean processingTime;
    private final boolean filtered;
    private final boolean rocksdb;

    private FlinkEngine(String variant, Workload workload) {
        this.workload = workload;
        this.processingTime = variant.equals("flink-nfa");
        this.filtered = variant.equals("flink-filter");
        this.rocksdb = variant.equals("flink-rocksdb");
    }

    public static void main(String[] args) throws Exception {
        Driver.main(args, FlinkEngine::new);
        // The harness leaves threads behind.
        System.exit(0);
    }

    @Override
    public Pass open(MatchSink sink) throws Exception {
        Path directory = rocksdb ? Files.createTempDirectory("bench-rocksdb") : null;
        List<CepHarness> operators = new ArrayList<>();
        for (Rule rule : workload.rules()) {
            operators.add(new CepHarness(rule, operators.size(), processingTime, backend(directory), sink));
        }
        CepHarness[] all = operators.toArray(CepHarness[]::new);
        if (processingTime) return new ProcessingTimePass(all);
        return new EventTimePass(all, filtered ? workload.rules().toArray(Rule[]::new) : null, workload.maxOutOfOrderMs());
    }

    private StateBackend backend(Path directory) {
        if (!rocksdb) return new HashMapStateBackend();
        Configuration configuration = new Configuration();
        configuration.set(RocksDBOptions.FIX_PER_SLOT_MEMORY_SIZE, MemorySize.ofMebiBytes(ROCKSDB_MEMORY_MIB));
        configuration.set(RocksDBOptions.TIMER_SERVICE_FACTORY, EmbeddedRocksDBStateBackend.PriorityQueueStateType.HEAP);
        configuration.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
        EmbeddedRocksDBStateBackend backend =
                new EmbeddedRocksDBStateBackend().configure(configuration, FlinkEngine.class.getClassLoader());
        backend.setDbStoragePath(directory.toString());
        return backend;
    }

    private abstract static class OperatorsPass implements Pass {
        final CepHarness[] operators;

        OperatorsPass(CepHarness[] operators) {
            this.operators = operators;
        }

        @Override
        public void close() throws Exception {
            for (CepHarness operator : operators) operator.close();
        }
    }

    private static final class ProcessingTimePass extends OperatorsPass {
        ProcessingTimePass(CepHarness[] operators) {
            super(operators);
        }

        @Override
        public void accept(Event event) throws Exception {
            for (CepHarness operator : operators) operator.acceptAtItsTime(event);
        }

        @Override
        public void end(long time) throws Exception {
            for (CepHarness operator : operators) operator.clock(time);
        }
    }

    /** With rules given, an operator gets only the events that one of its stages may take: a filter written by hand. */
    private static final class EventTimePass extends OperatorsPass {
        private final Rule[] filters;
        private final long boundMs;
        private long newest = Long.MIN_VALUE;
        private int sinceWatermark;

        EventTimePass(CepHarness[] operators, Rule[] filters, long boundMs) {
            super(operators);
            this.filters = filters;
            this.boundMs = boundMs;
        }

        @Override
        public void accept(Event event) throws Exception {
            if (filters == null) {
                for (CepHarness operator : operators) operator.accept(event);
            } else {
                for (int at = 0; at < operators.length; at++) {
                    Rule rule = filters[at];
                    if (rule.first().holds(event) || rule.second().holds(event)) operators[at].accept(event);
                }
            }
            if (event.getTs() > newest) newest = event.getTs();
            if (++sinceWatermark >= WATERMARK_EVERY) watermark(newest - boundMs - 1);
        }

        @Override
        public void end(long time) throws Exception {
            watermark(time);
        }

        private void watermark(long time) throws Exception {
            sinceWatermark = 0;
            for (CepHarness operator : operators) operator.watermark(time);
        }
    }
}
