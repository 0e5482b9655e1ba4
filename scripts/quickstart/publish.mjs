/** Publishes into JetStream with a window: every message is acknowledged by its stream, none is waited for alone. */
import { createInbox } from '@nats-io/transport-node';

const windowMessages = 1_024;

export class Publisher {
  #connection;
  #inbox = createInbox();
  #inFlight = 0;
  #failure;
  #waiting = [];

  constructor(connection) {
    this.#connection = connection;
    connection.subscribe(`${this.#inbox}.*`, { callback: (error, message) => this.#acknowledge(error, message) });
  }

  /** Resolves when there is room for the next; rejects once any message was refused. */
  async publish(subject, text) {
    while (this.#inFlight >= windowMessages) await this.#change();
    if (this.#failure !== undefined) throw this.#failure;
    this.#inFlight += 1;
    this.#connection.publish(subject, text, { reply: `${this.#inbox}.a` });
  }

  /** Resolves when everything published is acknowledged. */
  async settled() {
    while (this.#inFlight > 0 && this.#failure === undefined) await this.#change();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #change() {
    return new Promise((fulfil) => this.#waiting.push(fulfil));
  }

  #acknowledge(error, message) {
    this.#inFlight -= 1;
    // No responders (status 503): no stream takes the subject.
    const refused = error?.message ?? (message.headers?.code === 503 ? 'no stream takes it' : readRefusal(message));
    if (refused !== undefined) this.#failure ??= new Error(`A message was not stored: ${refused}`);
    for (const fulfil of this.#waiting.splice(0)) fulfil();
  }
}

function readRefusal(message) {
  return message.json().error?.description;
}
