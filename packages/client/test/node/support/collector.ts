/** An OpenTelemetry collector that keeps and parses what it receives. */
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect } from "effect"

export interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

type Attributes = ReadonlyArray<Attribute>

export interface Span {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: Attributes
  readonly events: ReadonlyArray<{ readonly name: string; readonly attributes: Attributes }>
  readonly links: ReadonlyArray<{ readonly spanId: string }>
  readonly status: { readonly code: number; readonly message?: string }
}

interface Point {
  readonly attributes: Attributes
  readonly asDouble?: number
  readonly count?: number | string
  readonly sum?: number
}

interface MetricData {
  readonly name: string
  readonly unit: string
  readonly sum?: { readonly dataPoints: ReadonlyArray<Point>; readonly isMonotonic: boolean }
  readonly gauge?: { readonly dataPoints: ReadonlyArray<Point> }
  readonly histogram?: { readonly dataPoints: ReadonlyArray<Point> }
}

interface LogRecord {
  readonly severityText: string
  readonly traceId?: string
  readonly spanId?: string
  readonly body: { readonly stringValue?: string }
  readonly attributes: Attributes
}

interface Resource {
  readonly resource: { readonly attributes: Attributes }
}

interface Traces {
  readonly resourceSpans: ReadonlyArray<
    Resource & { readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Span> }> }
  >
}

interface Metrics {
  readonly resourceMetrics: ReadonlyArray<
    Resource & { readonly scopeMetrics: ReadonlyArray<{ readonly metrics: ReadonlyArray<MetricData> }> }
  >
}

interface Logs {
  readonly resourceLogs: ReadonlyArray<
    Resource & { readonly scopeLogs: ReadonlyArray<{ readonly logRecords: ReadonlyArray<LogRecord> }> }
  >
}

/** The values of attributes, by their names. */
export const attributesOf = (attributes: Attributes = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

/** The types of attributes as OTLP has them, by their names. */
export const typesOf = (attributes: Attributes = []): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, `${Object.keys(value)[0]}`]))

const read = (bodies: ReadonlyMap<string, ReadonlyArray<string>>) => {
  const sent = (path: string): ReadonlyArray<unknown> =>
    (bodies.get(path) ?? []).map((body): unknown => JSON.parse(body))
  const traces = () => (sent("/v1/traces") as ReadonlyArray<Traces>).flatMap(({ resourceSpans }) => resourceSpans)
  const metrics = () =>
    (sent("/v1/metrics") as ReadonlyArray<Metrics>).flatMap(({ resourceMetrics }) => resourceMetrics)
  const logs = () => (sent("/v1/logs") as ReadonlyArray<Logs>).flatMap(({ resourceLogs }) => resourceLogs)
  return {
    /** The resource attributes of every export. */
    resources: () =>
      [...traces(), ...metrics(), ...logs()].map(({ resource: { attributes } }) => attributesOf(attributes)),
    spans: () => traces().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    metrics: () => metrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics)),
    lines: () => logs().flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords)),
    texts: () => [...bodies.values()].flat()
  }
}

/** Collects until the scope closes. */
export const collector = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly close: () => void } & ReturnType<typeof read>>((resume) => {
    const bodies = new Map<string, Array<string>>()
    const server = createServer((request: IncomingMessage, response) => {
      let text = ""
      request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
      request.on("end", () => {
        const path = request.url ?? ""
        bodies.set(path, [...(bodies.get(path) ?? []), text])
        response.writeHead(200, { "content-type": "application/json" }).end("{}")
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      resume(Effect.succeed({ ...read(bodies), url: `http://127.0.0.1:${port}`, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)
