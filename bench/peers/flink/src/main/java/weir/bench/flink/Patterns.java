package weir.bench.flink;

import java.time.Duration;
import org.apache.flink.cep.nfa.aftermatch.AfterMatchSkipStrategy;
import org.apache.flink.cep.pattern.Pattern;
import org.apache.flink.cep.pattern.conditions.IterativeCondition;
import org.apache.flink.cep.pattern.conditions.SimpleCondition;
import weir.bench.Event;
import weir.bench.Workload.Condition;
import weir.bench.Workload.Rule;

/** A rule as a Flink pattern, with conditions as one would write them by hand: the cheapest test first. */
final class Patterns {
    private Patterns() {}

    static Pattern<Event, ?> of(Rule rule) {
        Pattern<Event, Event> first = Pattern.<Event>begin("a", AfterMatchSkipStrategy.noSkip()).where(unary(rule.first()));
        Pattern<Event, Event> second =
                switch (rule.relation()) {
                    case "followedBy" -> first.followedBy("b");
                    case "followedByAny" -> first.followedByAny("b");
                    case "notFollowedBy" -> first.notFollowedBy("b");
                    default -> throw new IllegalArgumentException(rule.relation());
                };
        return second.where(joined(rule)).within(Duration.ofMillis(rule.withinMs()));
    }

    private static SimpleCondition<Event> unary(Condition condition) {
        String type = condition.type();
        if (condition.code() == null) {
            return new SimpleCondition<>() {
                @Override
                public boolean filter(Event event) {
                    return event.getType().equals(type);
                }
            };
        }
        int code = condition.code();
        int amountOver = condition.amountOver();
        return new SimpleCondition<>() {
            @Override
            public boolean filter(Event event) {
                return event.getCode() == code && event.getType().equals(type) && event.getAmount() > amountOver;
            }
        };
    }

    private static IterativeCondition<Event> joined(Rule rule) {
        String type = rule.second().type();
        return switch (rule.join()) {
            case "none" -> unary(rule.second());
            case "amountGreater" -> new IterativeCondition<>() {
                @Override
                public boolean filter(Event event, Context<Event> context) throws Exception {
                    if (!event.getType().equals(type)) return false;
                    return event.getAmount() > context.getEventsForPattern("a").iterator().next().getAmount();
                }
            };
            case "codeEqual" -> new IterativeCondition<>() {
                @Override
                public boolean filter(Event event, Context<Event> context) throws Exception {
                    if (!event.getType().equals(type)) return false;
                    return event.getCode() == context.getEventsForPattern("a").iterator().next().getCode();
                }
            };
            default -> throw new IllegalArgumentException(rule.join());
        };
    }
}
