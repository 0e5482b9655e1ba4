import type { MessagePort, Transferable } from 'node:worker_threads';
import type { Wire } from '../../ports/wire.js';

/** A wire over one end of a message channel. */
export function portWire<Sent, Received>(port: MessagePort): Wire<Sent, Received> {
  return {
    send: (message, moved) => port.postMessage(message, moved as readonly Transferable[] | undefined),
    receive: (call) => void port.on('message', call),
    close: () => port.close(),
  };
}
