/** The image's health check: exit code 0 when the service is ready, else 1 and what is not. */
const url = `http://127.0.0.1:${process.env['WEIR_PORT'] ?? '8080'}/health/ready`;
const timeoutMs = 4_000;

try {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  process.stdout.write(`${(await response.text()).slice(0, 4_096)}\n`);
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`${url}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
