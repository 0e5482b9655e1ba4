/** From text to documents: YAML (several, `---` between) or JSON, every diagnostic with its line and column. */
import type {
  BrokenDocument,
  DocumentKind,
  DocumentPlace,
  ParsedDocuments,
  PlacedDocument,
  SoundPart,
  WeirDocument,
} from '../../core/document/documents.js';
import { didYouMean } from '../../core/document/names.js';
import { limits } from '../../core/limits.js';
import type { Diagnostic } from '../../core/model/diagnostic.js';
import { locateField, locateValue } from './locate.js';
import { readYaml, valueOf } from './read-yaml.js';
import type { SyntaxProblem, YamlDocument } from './read-yaml.js';
import { shapeProblems } from './shape-diagnostics.js';
import { documentKinds, shapes } from './shapes.js';
import { soundPart } from './sound-part.js';
import { SourceText } from './source-text.js';

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly pointer: string;
  readonly offset: number;
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A document that keeps its text instead of its syntax tree, which is a hundred times as large; read again to locate. */
function placeDocument(
  document: WeirDocument,
  yaml: YamlDocument,
  { source, place }: { readonly source: SourceText; readonly place: DocumentPlace },
): PlacedDocument {
  const [start, , end] = yaml.range;
  let own: { readonly text: string; readonly yaml: YamlDocument | undefined } | undefined;
  return {
    document,
    ...place,
    locate(pointer, offset) {
      if (own === undefined) {
        const text = source.text.slice(start, end);
        own = { text, yaml: readYaml(text).find((reading) => reading.yaml?.contents != null)?.yaml };
      }
      return own.yaml && source.positionAt(start + locateValue(own.yaml, own.text, pointer, offset));
    },
  };
}

/** Reads the documents of one text; keeps going after whatever is wrong. */
class DocumentReader {
  readonly diagnostics: Diagnostic[] = [];
  readonly readable: PlacedDocument[] = [];
  readonly broken: BrokenDocument[] = [];
  private readonly source: SourceText;

  constructor(
    text: string,
    private readonly place: DocumentPlace,
  ) {
    this.source = new SourceText(text);
  }

  private report({ code, message, pointer, offset }: Problem, document?: string): void {
    const { file } = this.place;
    this.diagnostics.push({
      code,
      message,
      pointer,
      ...(file === undefined ? {} : { file }),
      ...this.source.positionAt(offset),
      severity: 'error',
      ...(document === undefined ? {} : { document }),
    });
  }

  /** Something wrong with the text as a whole. */
  refuse(code: string, message: string): void {
    this.report({ code, message, pointer: '', offset: 0 });
  }

  readAll(): void {
    const { text } = this.source;
    const bytes = new TextEncoder().encode(text).length;
    if (bytes > limits.documentBytesMax) {
      this.refuse(
        'too-large',
        `The text has ${bytes} bytes, more than ${limits.documentBytesMax}: split it over several files.`,
      );
      return;
    }
    const readings = readYaml(text);
    if (readings.length > limits.documentsMax) {
      this.refuse(
        'too-many-documents',
        `There are ${readings.length} documents, more than ${limits.documentsMax}: remove some.`,
      );
      return;
    }
    for (const { yaml, problems } of readings) {
      const read = yaml?.contents == null ? { value: null } : valueOf(yaml);
      if (problems.length > 0) this.damaged(problems, 'value' in read ? read.value : undefined);
      else if (!('value' in read)) this.report({ ...read, pointer: '' });
      else if (yaml !== undefined) this.readOne(read.value, yaml);
    }
  }

  /** Of a document whose syntax is wrong, at most the name can be trusted. */
  private damaged(problems: readonly SyntaxProblem[], value: unknown): void {
    const name = this.noteBroken(value);
    for (const problem of problems) this.report({ ...problem, pointer: '' }, name);
  }

  private readOne(value: unknown, yaml: YamlDocument): void {
    if (isFields(value)) this.readFields(value, yaml);
    else if (value !== null) {
      const message =
        'A document is a map of fields that begins with `kind` and `name`: write `kind: rule`, for instance.';
      this.report({ code: 'not-a-document', message, pointer: '', offset: locateValue(yaml, this.source.text, '') });
    }
  }

  /** `kind/name` of a document that could not be read, when it says. */
  private noteBroken(value: unknown, sound?: SoundPart): string | undefined {
    if (!isFields(value)) return undefined;
    const { kind, name } = value;
    if (typeof kind !== 'string' || typeof name !== 'string') return undefined;
    this.broken.push({ kind, name, ...(sound === undefined ? {} : { sound }) });
    return `${kind}/${name}`;
  }

  private readFields(value: Fields, yaml: YamlDocument): void {
    const kind = documentKinds.find((one) => one === value['kind']);
    if (kind === undefined) this.refuseKind(value['kind'], yaml);
    else this.readShape(kind, value, yaml);
  }

  private readShape(kind: DocumentKind, value: Fields, yaml: YamlDocument): void {
    const { source, place } = this;
    const checked = shapes[kind].safeParse(value);
    if (checked.success) {
      this.readable.push(placeDocument(checked.data, yaml, { source, place }));
      return;
    }
    const wrong = shapeProblems(value, checked.error.issues);
    const sound = soundPart(kind, value, wrong);
    const placed = sound && placeDocument(sound.document, yaml, { source, place });
    const name = this.noteBroken(value, placed && { placed, stagesKnown: sound.stagesKnown });
    const problems = wrong.map(({ atName, ...problem }): Problem => {
      const { pointer } = problem;
      return { ...problem, offset: atName ? locateField(yaml, pointer) : locateValue(yaml, source.text, pointer) };
    });
    for (const problem of problems.sort((a, b) => a.offset - b.offset)) this.report(problem, name);
  }

  private refuseKind(kind: unknown, yaml: YamlDocument): void {
    const kinds = documentKinds.join(', ');
    const pointer = kind === undefined ? '' : '/kind';
    const offset = locateValue(yaml, this.source.text, pointer);
    if (kind === 'table') {
      const message = 'Tables are not supported yet: give what the rule needs as a parameter, or in the event.';
      this.report({ code: 'not-supported', message, pointer, offset });
    } else if (kind === undefined) {
      const message = `The document does not say what it is: add \`kind:\` with one of ${kinds}.`;
      this.report({ code: 'missing-field', message, pointer: '/kind', offset });
    } else {
      const near = typeof kind === 'string' ? didYouMean(kind, documentKinds) : '';
      this.report({ code: 'unknown-kind', message: `The kind must be one of ${kinds}.${near}`, pointer, offset });
    }
  }
}

/**
 * Reads the documents of a text. Every diagnostic of every document is reported at once; of a document whose syntax is
 * wrong, only what is wrong with the syntax.
 */
export function parseDocuments(text: string, place: DocumentPlace): ParsedDocuments {
  const reader = new DocumentReader(text, place);
  try {
    reader.readAll();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    reader.refuse('yaml-syntax', `This cannot be read as YAML (${reason}): write it more simply.`);
  }
  const { diagnostics, readable, broken } = reader;
  if (diagnostics.length > 0) return { ok: false, diagnostics, readable, broken };
  return { ok: true, value: readable, warnings: [] };
}
