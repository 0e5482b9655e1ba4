/** Two sources and the rules that the kill test holds to the same alerts: most ways in which state can outlive a process. */
export const PAYMENT_SUBJECT = 'payments.eu';
export const LOGIN_SUBJECT = 'logins.web';

export const KILL_DOCUMENTS = `
kind: source
name: payments
nats: { stream: PAYMENTS, subjects: ["payments.>"] }
start: all
event: { time: ts, type: type, id: id }
watermark: { maxOutOfOrderness: 4s, maxFuture: 30d }
late: sideOutput
schema: { type: object, properties: { amount: { type: number } } }
---
kind: source
name: logins
nats: { stream: LOGINS, subjects: ["logins.*"] }
start: all
event: { each: items, time: at, type: type, order: n }
watermark: { maxOutOfOrderness: 2s, by: region }
late: sideOutput
---
kind: pattern
name: probe-then-hit
within: 25s
sequence:
  - begin: probe
    where: type = 'auth' and amount < 150
  - notFollowedBy: refused
    where: type = 'refused'
  - followedBy: hit
    where: type = 'capture' and amount > 800
---
kind: rule
name: card-testing
source: payments
key: card
pattern: probe-then-hit
alert:
  severity: high
  title: "'Card ' & $key & ' probed'"
  payload: "{ 'amounts': $probe.amount[], 'hit': $hit[0].amount }"
---
kind: rule
name: no-logout
source: logins
key: user
pattern:
  sequence:
    - begin: login
      where: type = 'login' and $not(failed)
    - notFollowedBy: logout
      where: type = 'logout'
      within: 15s
---
kind: rule
name: big-payment
source: payments
key: merchant
pattern:
  within: 1s
  sequence: [{ begin: big, where: amount > 950 }]
alert: { throttle: 20s, include: ids }
---
kind: rule
name: refunds
source: payments
key: card
pattern:
  within: 45s
  skip: skipPastLastEvent
  sequence:
    - begin: refund
      where: type = 'refund'
      times: { min: 2, max: 4 }
    - followedBy: capture
      where: type = 'capture'
---
kind: rule
name: chain
source: payments
key: [card, merchant]
emit: eager
pattern:
  within: 40s
  skip: skipToNext
  sequence:
    - begin: first
      where: type = 'auth'
    - next: second
      where: amount > $first[0].amount
    - followedByAny: third
      where: type = 'capture'
      within: 10s
---
kind: rule
name: login-then-pay
source: [logins, payments]
key: { logins: user, payments: card }
pattern:
  within: 6s
  sequence:
    - begin: login
      where: $eventType = 'login' and failed
    - followedByAny: pay
      where: $eventType = 'capture'
---
kind: rule
name: unconfirmed
source: payments
key: card
pattern:
  within: 10s
  sequence:
    - begin: order
      where: type = 'order'
    - followedBy: confirm
      where: type = 'auth'
alert: { severity: info }
onTimeout: { alert: { severity: critical, subject: orders.unconfirmed, throttle: 30s } }
---
kind: rule
name: the-end
source: [payments, logins]
pattern:
  within: 10m
  sequence:
    - begin: first
      where: type = 'end'
    - followedBy: second
      where: type = 'end'
`;
