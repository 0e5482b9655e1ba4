import { decodeBody } from '../documents/document-text.js';
import type { HttpInstance } from './http-types.js';

const textMediaTypes = ['application/yaml', 'application/x-yaml', 'text/yaml', 'application/json', 'text/plain'];

/** Bodies reach the controllers as text: the engine reads YAML and JSON itself, and says where they are wrong. */
export function acceptTextBodies(instance: HttpInstance): void {
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser(textMediaTypes, { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, decodeBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}
