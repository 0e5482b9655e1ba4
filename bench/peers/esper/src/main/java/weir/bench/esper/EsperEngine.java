package weir.bench.esper;

import com.espertech.esper.common.client.EPCompiled;
import com.espertech.esper.common.client.EventBean;
import com.espertech.esper.common.client.EventSender;
import com.espertech.esper.common.client.configuration.Configuration;
import com.espertech.esper.common.client.util.FilterServiceProfile;
import com.espertech.esper.compiler.client.CompilerArguments;
import com.espertech.esper.compiler.client.EPCompilerProvider;
import com.espertech.esper.runtime.client.DeploymentOptions;
import com.espertech.esper.runtime.client.EPDeployment;
import com.espertech.esper.runtime.client.EPEventService;
import com.espertech.esper.runtime.client.EPRuntime;
import com.espertech.esper.runtime.client.EPRuntimeProvider;
import com.espertech.esper.runtime.client.UpdateListener;
import com.espertech.esper.runtime.client.option.StatementSubstitutionParameterContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import weir.bench.Driver;
import weir.bench.Engine;
import weir.bench.Event;
import weir.bench.MatchSink;
import weir.bench.Workload;
import weir.bench.Workload.Condition;
import weir.bench.Workload.Rule;

/**
 * Esper, one statement per rule, external clock, no threads and no locks of its own.
 *
 * Every deployment brings classes of its own, which start cold. So the runtime stays from pass to pass; between two the clock
 * goes on until nothing of the pass before is left. Only where events are put in order is the runtime new each time.
 */
public final class EsperEngine implements Engine {
    private static final String URI = "bench";

    private final Workload workload;
    private final Configuration configuration;
    private final Map<String, EPCompiled> templates = new HashMap<>();
    private final EPCompiled order;
    private final String stream;
    private final long windowMs;
    private RuntimePass kept;
    /** Where the matches of the present pass go. */
    private MatchSink sink;

    EsperEngine(String variant, Workload workload) throws Exception {
        this.workload = workload;
        this.configuration = configure();
        this.windowMs = workload.rules().stream().mapToLong(Rule::withinMs).max().orElse(0);
        boolean reorders = workload.maxOutOfOrderMs() > 0;
        this.stream = reorders ? "Ordered" : "Event";
        CompilerArguments arguments = new CompilerArguments(configuration);
        this.order = reorders ? compile(orderText(), arguments) : null;
        if (order != null) arguments.getPath().add(order);
        for (Rule rule : workload.rules()) {
            String text = Statements.template(rule, stream);
            if (!templates.containsKey(text)) templates.put(text, compile(text, arguments));
        }
    }

    public static void main(String[] args) throws Exception {
        Driver.main(args, EsperEngine::new);
    }

    static Configuration configure() {
        Configuration configuration = new Configuration();
        configuration.getCommon().addEventType("Event", Event.class);
        configuration.getRuntime().getThreading().setInternalTimerEnabled(false);
        configuration.getRuntime().getThreading().setListenerDispatchPreserveOrder(false);
        configuration.getRuntime().getThreading().setInsertIntoDispatchPreserveOrder(false);
        configuration.getRuntime().getExecution().setDisableLocking(true);
        // Patterns add and remove a filter with every run.
        configuration.getRuntime().getExecution().setFilterServiceProfile(FilterServiceProfile.READWRITE);
        return configuration;
    }

    /** Events leave in order of their time once the clock is this far beyond them. */
    private String orderText() {
        return "@public insert rstream into Ordered select rstream * from Event#time_order(ts, "
                + workload.maxOutOfOrderMs()
                + " milliseconds)";
    }

    static EPCompiled compile(String text, CompilerArguments arguments) throws Exception {
        return EPCompilerProvider.getCompiler().compile(text, arguments);
    }

    @Override
    public RuntimePass open(MatchSink sink) throws Exception {
        if (kept != null) kept.forgetAll(windowMs);
        this.sink = sink;
        if (kept != null) return kept;
        EPRuntime runtime = EPRuntimeProvider.getRuntime(URI, configuration);
        runtime.getEventService().clockExternal();
        runtime.getEventService().advanceTime(0);
        if (order != null) runtime.getDeploymentService().deploy(order);
        List<Rule> rules = workload.rules();
        List<EPDeployment> deployments = new ArrayList<>();
        for (int at = 0; at < rules.size(); at++) deployments.add(deploy(runtime, rules.get(at), at));
        RuntimePass pass = new RuntimePass(runtime, deployments, workload.maxOutOfOrderMs());
        if (order == null) kept = pass;
        return pass;
    }

    EPDeployment deploy(EPRuntime runtime, Rule rule, int number) throws Exception {
        DeploymentOptions options = new DeploymentOptions();
        options.setStatementSubstitutionParameter(values -> substitute(rule, values));
        EPCompiled compiled = templates.get(Statements.template(rule, stream));
        EPDeployment deployment = runtime.getDeploymentService().deploy(compiled, options);
        deployment.getStatements()[0].addListener(listener(number, rule));
        return deployment;
    }

    private static void substitute(Rule rule, StatementSubstitutionParameterContext values) {
        substitute(rule.first(), "a", values);
        substitute(rule.second(), "b", values);
        values.setObject("within", (int) rule.withinMs());
    }

    private static void substitute(Condition condition, String prefix, StatementSubstitutionParameterContext values) {
        values.setObject(prefix + "Type", condition.type());
        if (condition.code() != null) values.setObject(prefix + "Code", condition.code());
        if (condition.amountOver() != null) values.setObject(prefix + "Over", condition.amountOver());
    }

    private UpdateListener listener(int rule, Rule spec) {
        boolean absence = spec.relation().equals("notFollowedBy");
        return (rows, removed, statement, runtime) -> {
            if (!sink.verifies) {
                sink.count += rows.length;
                return;
            }
            for (EventBean row : rows) sink.add(rule, event(row, "a"), absence ? null : event(row, "b"));
        };
    }

    private static Event event(EventBean row, String name) {
        Object value = row.get(name);
        return (Event) (value instanceof EventBean bean ? bean.getUnderlying() : value);
    }

    static final class RuntimePass implements Pass {
        final EPRuntime runtime;
        /** In the order of the rules. */
        final List<EPDeployment> deployments;
        private final EPEventService service;
        private final EventSender sender;
        private final long boundMs;
        private final boolean reorders;
        /** The runtime's time is the events' plus this. */
        private long offsetMs;
        private long clock;

        RuntimePass(EPRuntime runtime, List<EPDeployment> deployments, long boundMs) throws Exception {
            this.runtime = runtime;
            this.deployments = deployments;
            this.service = runtime.getEventService();
            this.sender = service.getEventSender("Event");
            this.boundMs = boundMs;
            this.reorders = boundMs > 0;
        }

        @Override
        public void accept(Event event) {
            if (event.getTs() > clock) advance(event.getTs());
            sender.sendEvent(event);
        }

        @Override
        public void end(long time) {
            advance(time + boundMs);
        }

        /** Out of order, time passes in steps, so that every event leaves the order at its own time. */
        private void advance(long time) {
            if (reorders && clock > 0) service.advanceTimeSpan(time);
            else service.advanceTime(time + offsetMs);
            clock = time;
        }

        void forgetAll(long windowMs) {
            offsetMs += clock + windowMs;
            service.advanceTime(offsetMs);
            clock = 0;
        }

        @Override
        public void close() {
            if (reorders) runtime.destroy();
        }
    }
}
