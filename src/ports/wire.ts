/** A way between two threads: messages are copied, arrive in order, each once. */
export interface Wire<Sent, Received> {
  /** `moved`: buffers that go over whole, and are gone here. */
  send(message: Sent, moved?: readonly ArrayBufferLike[]): void;
  /** What arrives from here on; called once. */
  receive(call: (message: Received) => void): void;
  close(): void;
}
