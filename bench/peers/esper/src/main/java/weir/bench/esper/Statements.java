package weir.bench.esper;

import weir.bench.Workload.Condition;
import weir.bench.Workload.Rule;

/**
 * A rule as an EPL pattern. Constants are substitution parameters, so that rules of one form are compiled once and deployed
 * with their values. A guard binds to the part right before it, whose time begins with the first event.
 */
final class Statements {
    private Statements() {}

    /** The text without constants: rules with the same text share one compiled module. */
    static String template(Rule rule, String stream) {
        String first = "a=" + stream + "(" + condition(rule.first(), "a") + ")";
        String second = stream + "(" + condition(rule.second(), "b") + ", key=a.key" + join(rule.join()) + ")";
        String within = "?:within:integer milliseconds";
        return switch (rule.relation()) {
            case "followedBy" -> "select a, b from pattern [every " + first + " -> b=" + second + " where timer:within(" + within + ")]";
            case "followedByAny" ->
                "select a, b from pattern [every " + first + " -> (every b=" + second + ") where timer:within(" + within + ")]";
            case "notFollowedBy" ->
                "select a from pattern [every " + first + " -> (timer:interval(" + within + ") and not " + second + ")]";
            default -> throw new IllegalArgumentException(rule.relation());
        };
    }

    /** The text with its constants in place, as one writes a single rule. */
    static String text(Rule rule, String stream) {
        return template(rule, stream)
                .replace("?:within:integer", Long.toString(rule.withinMs()))
                .replace("?:aType:string", quoted(rule.first().type()))
                .replace("?:bType:string", quoted(rule.second().type()))
                .replace("?:aCode:integer", String.valueOf(rule.first().code()))
                .replace("?:bCode:integer", String.valueOf(rule.second().code()))
                .replace("?:aOver:integer", String.valueOf(rule.first().amountOver()))
                .replace("?:bOver:integer", String.valueOf(rule.second().amountOver()));
    }

    private static String quoted(String text) {
        return "'" + text + "'";
    }

    private static String condition(Condition condition, String prefix) {
        String text = "type=?:" + prefix + "Type:string";
        if (condition.code() != null) text += ", code=?:" + prefix + "Code:integer";
        if (condition.amountOver() != null) text += ", amount > ?:" + prefix + "Over:integer";
        return text;
    }

    private static String join(String join) {
        return switch (join) {
            case "none" -> "";
            case "amountGreater" -> ", amount > a.amount";
            case "codeEqual" -> ", code = a.code";
            default -> throw new IllegalArgumentException(join);
        };
    }
}
