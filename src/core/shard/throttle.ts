/**
 * At most one alert per key in a span of event time; the number held back is on the next one.
 * A count that no alert ever picks up is forgotten ten spans after the throttle ended.
 */
export interface Throttle {
  /** Alerts before this time are held back. */
  until: number;
  suppressed: number;
}

const REMEMBER_SPANS = 10;

/** Whether an alert at `time` may leave, and how many were held back before it. Updates or creates the throttle. */
export function passThrottle(
  throttle: Throttle | undefined,
  time: number,
  spanMs: number,
): { readonly pass: boolean; readonly suppressed: number; readonly throttle: Throttle } {
  if (throttle !== undefined && time < throttle.until) {
    throttle.suppressed++;
    return { pass: false, suppressed: 0, throttle };
  }
  return { pass: true, suppressed: throttle?.suppressed ?? 0, throttle: { until: time + spanMs, suppressed: 0 } };
}

/** When the throttle can be forgotten. */
export function throttleExpiry(throttle: Throttle, spanMs: number): number {
  return throttle.suppressed === 0 ? throttle.until : throttle.until + REMEMBER_SPANS * spanMs;
}
