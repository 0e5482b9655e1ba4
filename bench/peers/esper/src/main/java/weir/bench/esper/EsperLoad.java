package weir.bench.esper;

import com.espertech.esper.compiler.client.CompilerArguments;
import com.espertech.esper.runtime.client.EPRuntime;
import com.espertech.esper.runtime.client.EPRuntimeProvider;
import java.io.File;
import java.util.List;
import weir.bench.Driver;
import weir.bench.Event;
import weir.bench.MatchSink;
import weir.bench.Workload;
import weir.bench.Workload.Condition;
import weir.bench.Workload.Rule;

/**
 * W8: loading many rules and changing one. Arguments: template|text SPEC TIMEOUT-MS. `template` compiles one module with
 * substitution parameters and deploys it for every rule; `text` compiles and deploys every rule by itself until time is over.
 */
public final class EsperLoad {
    private static final int CHANGED = 4_711;
    private static final int EVENTS_MAX = 100_000;

    private EsperLoad() {}

    public static void main(String[] args) throws Exception {
        File spec = new File(args[1]);
        Workload workload = Workload.read(spec);
        if (args[0].equals("template")) loadTemplate(spec, workload);
        else loadTexts(workload, Double.parseDouble(args[2]));
        System.exit(0);
    }

    private static void loadTemplate(File spec, Workload workload) throws Exception {
        long begun = System.nanoTime();
        EsperEngine engine = new EsperEngine("esper", workload);
        EsperEngine.RuntimePass pass = engine.open(new MatchSink(false));
        Driver.figure("loadMs", (System.nanoTime() - begun) / 1e6);
        int events = Math.min(EVENTS_MAX, workload.measured());
        for (Event event : Workload.readEvents(spec, workload, events)) pass.accept(event);
        int number = Math.min(CHANGED, workload.rules().size() - 1);
        Rule rule = workload.rules().get(number);
        Condition second = new Condition(rule.second().type(), rule.second().code(), 950);
        Rule changed = new Rule(rule.name(), rule.first(), second, rule.relation(), rule.join(), rule.withinMs());
        begun = System.nanoTime();
        pass.runtime.getDeploymentService().undeploy(pass.deployments.get(number).getDeploymentId());
        engine.deploy(pass.runtime, changed, number);
        Driver.figure("changeOneMs", (System.nanoTime() - begun) / 1e6);
    }

    private static void loadTexts(Workload workload, double timeoutMs) throws Exception {
        CompilerArguments arguments = new CompilerArguments(EsperEngine.configure());
        EPRuntime runtime = EPRuntimeProvider.getRuntime("texts", EsperEngine.configure());
        List<Rule> rules = workload.rules();
        long begun = System.nanoTime();
        double ms = 0;
        int loaded = 0;
        for (; loaded < rules.size() && ms < timeoutMs; loaded++) {
            String text = Statements.text(rules.get(loaded), "Event");
            runtime.getDeploymentService().deploy(EsperEngine.compile(text, arguments));
            ms = (System.nanoTime() - begun) / 1e6;
        }
        Driver.figure("textsLoaded", loaded);
        Driver.figure("textsMs", ms);
    }
}
