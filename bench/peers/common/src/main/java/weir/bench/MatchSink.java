package weir.bench;

/** Counts matches; a verifying sink also hashes them, in a way that does not depend on their order. See match-hash.ts. */
public final class MatchSink {
    public final boolean verifies;
    public long count;
    private int low;
    private int high;

    public MatchSink(boolean verifies) {
        this.verifies = verifies;
    }

    /** A match of the rule with this place in the workload; second is null for an absence. */
    public void add(int rule, Event first, Event second) {
        count++;
        int one = mix(mix(mix(rule + 1) + first.getSeq()) + (second == null ? 0 : second.getSeq()));
        low += one;
        high += mix(one ^ 0x5bd1e995);
    }

    public String hash() {
        return String.format("%08x%08x", high, low);
    }

    private static int mix(int value) {
        int mixed = (value ^ (value >>> 16)) * 0x85ebca6b;
        mixed = (mixed ^ (mixed >>> 13)) * 0xc2b2ae35;
        return mixed ^ (mixed >>> 16);
    }
}
