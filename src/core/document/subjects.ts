/**
 * NATS subjects: tokens between dots; in a subscription `*` stands for one token and a last `>` for one or more.
 */
const TOKEN = /^[^\s.*>\p{Cc}]+$/u;

/** True for a subject that can be published to: no empty tokens, no wildcards, no blanks. */
export function isPublishSubject(subject: string): boolean {
  return subject.split('.').every((token) => TOKEN.test(token));
}

/** True for a subject that can be subscribed to. */
export function isSubscribeSubject(subject: string): boolean {
  const tokens = subject.split('.');
  return tokens.every((token, i) => token === '*' || (token === '>' && i === tokens.length - 1) || TOKEN.test(token));
}

/** True if some subject fits both patterns. */
export function subjectsOverlap(left: string, right: string): boolean {
  const a = left.split('.');
  const b = right.split('.');
  for (let i = 0; ; i++) {
    const x = a[i];
    const y = b[i];
    if (x === undefined || y === undefined) return x === y;
    if (x === '>' || y === '>') return true;
    if (x !== '*' && y !== '*' && x !== y) return false;
  }
}
