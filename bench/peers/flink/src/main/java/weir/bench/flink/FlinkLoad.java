package weir.bench.flink;

import java.io.File;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import weir.bench.Driver;
import weir.bench.MatchSink;
import weir.bench.Workload;
import weir.bench.Workload.Rule;

/**
 * W8: compiling and opening one operator per rule, until time is over. Arguments: SPEC TIMEOUT-MS. Submitting a job, scheduling
 * and deploying its tasks are not in it; a rule cannot be changed without restarting the job.
 */
public final class FlinkLoad {
    private FlinkLoad() {}

    public static void main(String[] args) throws Exception {
        Workload workload = Workload.read(new File(args[0]));
        double timeoutMs = Double.parseDouble(args[1]);
        List<CepHarness> operators = new ArrayList<>();
        MatchSink sink = new MatchSink(false);
        long begun = System.nanoTime();
        double ms = 0;
        for (Rule rule : workload.rules()) {
            if (ms >= timeoutMs) break;
            operators.add(new CepHarness(rule, operators.size(), false, new HashMapStateBackend(), sink));
            ms = (System.nanoTime() - begun) / 1e6;
        }
        Driver.figure("operatorsLoaded", operators.size());
        Driver.figure("loadMs", ms);
        System.exit(0);
    }
}
