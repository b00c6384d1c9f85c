/**
 * A log event as data, with the ids of its trace.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type { Json } from "./LogValue.ts"

/**
 * The members are named as in Effect's JSON logger, and the two ids as in
 * OpenTelemetry's logs.
 *
 * @category models
 * @since 0.1.0
 */
export interface LogRecord {
  readonly timestamp: string
  readonly level: string
  readonly fiberId: string
  readonly trace_id?: string
  readonly span_id?: string
  readonly message: Json
  readonly annotations?: Json
  /** Milliseconds since each log span began. */
  readonly spans?: Json
  readonly cause?: Json
  /** Present when the event was too long for one line and was shortened. */
  readonly truncated?: true
}

const idsOf = (
  { context }: Logger.Options<unknown>["fiber"],
  text: (text: string) => string
): Pick<LogRecord, "trace_id" | "span_id"> =>
  // In this version of Effect, `fiber.currentSpan` is not set for an external parent.
  Option.match(Context.getOption(context, Tracer.ParentSpan), {
    onNone: () => ({}),
    onSome: ({ spanId, traceId }) => ({ trace_id: text(traceId), span_id: text(spanId) })
  })

const messageOf = (message: unknown, show: (value: unknown) => Json): Json =>
  Array.isArray(message) && message.length === 1 ? show(message[0]) : show(message)

/**
 * @category constructors
 * @since 0.1.0
 */
export const fromEvent = (
  event: Logger.Options<unknown>,
  show: (value: unknown) => Json,
  text: (text: string) => string
): LogRecord => {
  const { cause, date, fiber, logLevel, message } = event
  const annotations = fiber.getRef(References.CurrentLogAnnotations)
  const spans = fiber.getRef(References.CurrentLogSpans)
  const now = date.getTime()
  return {
    timestamp: date.toISOString(),
    level: logLevel.toUpperCase(),
    fiberId: `#${fiber.id}`,
    ...idsOf(fiber, text),
    message: messageOf(message, show),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations: show(annotations) }),
    ...(spans.length === 0
      ? {}
      : { spans: show(Object.fromEntries(spans.map(([label, startedAt]) => [label, now - startedAt]))) }),
    ...(cause.reasons.length === 0 ? {} : { cause: show(cause) })
  }
}

/**
 * A record of the time and level alone, for events that fit no line.
 *
 * @category constructors
 * @since 0.1.0
 */
export const minimal = ({ date, fiber, logLevel }: Logger.Options<unknown>): LogRecord => ({
  timestamp: date.toISOString(),
  level: logLevel.toUpperCase(),
  fiberId: `#${fiber.id}`,
  message: "…"
})

/**
 * Replaces an event that cannot be read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unreadable: LogRecord = { timestamp: "", level: "ERROR", fiberId: "", message: "<an unreadable event>" }
