// Writes schemas/*.schema.json from the shapes of documents. Run after `npm run build`.
import { mkdir, writeFile } from 'node:fs/promises';
import { documentSchemas, schemaText } from '../dist/adapters/document/json-schemas.js';

const folder = new URL('../schemas/', import.meta.url);
await mkdir(folder, { recursive: true });
for (const [name, schema] of Object.entries(documentSchemas())) {
  await writeFile(new URL(name, folder), schemaText(schema));
  console.log(`schemas/${name}`);
}
