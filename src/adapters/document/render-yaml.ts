import { stringify } from 'yaml';
import type { WeirDocument } from '../../core/document/documents.js';

/** A document as its author could have written it: parsing the text gives the document back. */
export function renderYaml(document: WeirDocument): string {
  return stringify(document, { lineWidth: 0 });
}
