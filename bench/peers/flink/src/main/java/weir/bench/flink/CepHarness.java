package weir.bench.flink;

import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.cep.functions.PatternProcessFunction;
import org.apache.flink.cep.nfa.aftermatch.AfterMatchSkipStrategy;
import org.apache.flink.cep.nfa.compiler.NFACompiler;
import org.apache.flink.cep.operator.CepOperator;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.streaming.api.operators.Output;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.LatencyMarker;
import org.apache.flink.streaming.runtime.streamrecord.RecordAttributes;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;
import weir.bench.Event;
import weir.bench.MatchSink;
import weir.bench.Workload.Rule;

/**
 * Flink's CEP operator with one pattern and keyed state, without a cluster: no network, no source, no checkpoints, no output but
 * a counter. What is left is what the operator itself does.
 */
final class CepHarness implements AutoCloseable {
    private final CepOperator<Event, String, Event> operator;
    private final KeyedOneInputStreamOperatorTestHarness<String, Event, Event> harness;
    private final StreamRecord<Event> record = new StreamRecord<>(null);

    CepHarness(Rule rule, int number, boolean processingTime, StateBackend backend, MatchSink sink) throws Exception {
        TypeInformation<Event> type = TypeInformation.of(Event.class);
        TypeSerializer<Event> serializer = type.createSerializer(new SerializerConfigImpl());
        operator =
                new CepOperator<>(
                        serializer,
                        processingTime,
                        NFACompiler.compileFactory(Patterns.of(rule), false),
                        null,
                        AfterMatchSkipStrategy.noSkip(),
                        new CountMatches(number, sink),
                        null);
        KeySelector<Event, String> key = Event::getKey;
        harness = new KeyedOneInputStreamOperatorTestHarness<>(operator, key, Types.STRING);
        harness.setOutputCreator(unused -> new NoOutput());
        harness.setStateBackend(backend);
        harness.setup(serializer);
        harness.open();
    }

    /** Event time: the operator keeps the event until a watermark passes it. */
    void accept(Event event) throws Exception {
        record.replace(event, event.getTs());
        operator.setKeyContextElement1(record);
        operator.processElement(record);
    }

    void watermark(long time) throws Exception {
        operator.processWatermark(new Watermark(time));
    }

    /** Processing time, with the event's own time on the clock: the operator hands it to its automaton at once. */
    void acceptAtItsTime(Event event) throws Exception {
        harness.setProcessingTime(event.getTs());
        accept(event);
    }

    void clock(long time) throws Exception {
        harness.setProcessingTime(time);
    }

    @Override
    public void close() throws Exception {
        harness.close();
    }

    /** Flink hands every match over as a map of its events; what is done with it here is to count it. */
    private static final class CountMatches extends PatternProcessFunction<Event, Event> {
        private final int rule;
        private final transient MatchSink sink;

        CountMatches(int rule, MatchSink sink) {
            this.rule = rule;
            this.sink = sink;
        }

        @Override
        public void processMatch(Map<String, List<Event>> match, Context context, Collector<Event> out) {
            if (!sink.verifies) {
                sink.count++;
                return;
            }
            List<Event> second = match.get("b");
            sink.add(rule, match.get("a").get(0), second == null || second.isEmpty() ? null : second.get(0));
        }
    }

    private static final class NoOutput implements Output<StreamRecord<Event>> {
        @Override
        public void emitWatermark(Watermark mark) {}

        @Override
        public void emitWatermark(org.apache.flink.runtime.event.WatermarkEvent watermark) {}

        @Override
        public void emitWatermarkStatus(WatermarkStatus status) {}

        @Override
        public <X> void collect(OutputTag<X> tag, StreamRecord<X> value) {}

        @Override
        public void collect(StreamRecord<Event> value) {}

        @Override
        public void emitLatencyMarker(LatencyMarker marker) {}

        @Override
        public void emitRecordAttributes(RecordAttributes attributes) {}

        @Override
        public void close() {}
    }
}
