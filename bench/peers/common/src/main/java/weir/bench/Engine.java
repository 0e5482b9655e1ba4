package weir.bench;

/** An engine with the rules of one workload compiled. Every pass works on fresh state. */
public interface Engine {
    Pass open(MatchSink sink) throws Exception;

    interface Pass extends AutoCloseable {
        void accept(Event event) throws Exception;

        /** No event at or before this time comes any more. */
        void end(long time) throws Exception;
    }
}
