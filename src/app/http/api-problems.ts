import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { problemDocument, ProblemError, problemKinds, problemMediaType } from '../problem/problem.js';
import type { ProblemKind } from '../problem/problem.js';
import { ProblemDto } from '../problem/problem-dto.js';

const exampleDiagnostics = [
  {
    code: 'unknown-field',
    message: "There is no field 'wher' in a step: `where` is meant.",
    pointer: '/sequence/0/wher',
    line: 6,
    column: 5,
    severity: 'error',
    document: 'pattern/card-testing',
  },
] as const;

/** Documents the problems an operation answers with; 401, 403 and 500 go without saying and are added. */
export function ApiProblems(...kinds: readonly ProblemKind[]): MethodDecorator {
  const all: readonly ProblemKind[] = [...kinds, 'unauthorized', 'forbidden-host', 'internal'];
  return applyDecorators(ApiExtraModels(ProblemDto), ...all.map(problemResponse)) as MethodDecorator;
}

function problemResponse(kind: ProblemKind): MethodDecorator {
  const { status, title } = problemKinds[kind];
  const diagnostics = kind === 'invalid' ? exampleDiagnostics : [];
  const example = problemDocument(new ProblemError(kind, { detail: `${title}.`, diagnostics }));
  return ApiResponse({
    status,
    description: title,
    content: { [problemMediaType]: { schema: { $ref: getSchemaPath(ProblemDto) }, example } },
  }) as MethodDecorator;
}
