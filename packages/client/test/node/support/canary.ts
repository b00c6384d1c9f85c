/**
 * A key and a prompt that must not appear in logs, spans, metrics or errors.
 */
import { inspect } from "node:util"
import { codec, type KimiError } from "@kimi-effect/core/KimiError"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { Reply } from "@kimi-effect/testing"
import type { ReceivedRequest } from "@kimi-effect/testing/node/ReceivedRequest"
import { Cause, Effect, Exit, Logger, References, Schema, Tracer } from "effect"
import { recordSpans } from "../../support/spans.ts"

export const key = "sk-canary-4be91c07d2f35a68"

/** A key without the form that keys have, which only its configuration identifies. */
export const formless = "canary4be91c07d2f35a68"
export const prompt = "canary prompt: the launch code is nightingale"

export const request: ChatRequest = {
  messages: [
    { role: "system", content: `${prompt} (system)` },
    { role: "user", content: [{ type: "text", text: `${prompt} (part)` }] }
  ]
}

/** Texts that must not be found. Parts of the key count too. */
const canaries = ["4be91c07", "canary prompt", "nightingale"]

/** The first canary in a text. */
export const canaryIn = (text: string): string | undefined => canaries.find((canary) => text.includes(canary))

const everything = { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null, getters: true } as const

const json = (value: unknown): string =>
  `${JSON.stringify(value, (_, member: unknown) => (typeof member === "bigint" ? `${member}` : member))}`

/** Every way in which code turns a value into text. */
export const texts = (value: unknown): ReadonlyArray<string> => [
  String(value),
  json(value),
  inspect(value),
  inspect(value, everything)
]

const encode = Schema.encodeSync(codec)

const textsOfError = (error: KimiError): ReadonlyArray<string> => {
  // The content received so far belongs to the caller.
  const { partial: _, ...rest } = error
  return [
    error.message,
    `${error.stack}`,
    ...texts(error),
    ...texts(rest),
    JSON.stringify(encode(error)),
    Cause.pretty(Cause.fail(error)),
    ...texts(Cause.fail(error)),
    ...texts(Exit.fail(error))
  ]
}

export interface Watched {
  readonly texts: ReadonlyArray<string>
  readonly spans: ReadonlyArray<Tracer.NativeSpan>
  readonly exit: Exit.Exit<unknown, unknown>
}

const errorsOf = (exit: Exit.Exit<unknown, KimiError>): ReadonlyArray<KimiError> =>
  Exit.isFailure(exit) ? exit.cause.reasons.flatMap((reason) => (Cause.isFailReason(reason) ? [reason.error] : [])) : []

/**
 * Runs an effect at the lowest log level inside a span, logs its cause as
 * applications do, and returns every text that resulted.
 */
export const watch = <A>(effect: Effect.Effect<A, KimiError>): Effect.Effect<Watched> =>
  Effect.gen(function* () {
    const found: Array<string> = []
    const logger = Logger.make<unknown, void>((options) => {
      found.push(
        Logger.formatSimple.log(options),
        Logger.formatLogFmt.log(options),
        Logger.formatJson.log(options),
        inspect(options.message, everything),
        inspect(options.cause, everything)
      )
    })
    const { spans, tracer } = recordSpans()
    const logged = Effect.tapCause(effect, (cause) => Effect.logError("a call failed", cause))
    const exit = yield* Effect.exit(Effect.withSpan(logged, "outer")).pipe(
      Effect.withTracer(tracer),
      Effect.provide(Logger.layer([logger, Logger.tracerLogger])),
      Effect.provideService(References.MinimumLogLevel, "Trace")
    )
    for (const span of spans)
      found.push(...texts([span.name, [...span.attributes], span.events, span.links, span.status]))
    for (const error of errorsOf(exit)) found.push(...textsOfError(error))
    return { texts: found, spans, exit }
  })

/** Adds the key and the body of the request to the text of a reply, as careless hosts and proxies do. */
export const echo =
  (reply: Reply.Json | Reply.Text) =>
  ({ body, headers }: Pick<ReceivedRequest, "body" | "headers">): Reply.Reply => {
    const authorization = `${headers["authorization"]}`
    const echoed = ` [authorization: ${authorization}; key ${authorization.slice("Bearer ".length)}; in ${body.slice(0, 700)}]`
    if (reply._tag === "Text") return { ...reply, body: `${echoed}${reply.body}${echoed}` }
    const { error } = reply.body as { readonly error: { readonly message: string; readonly type?: string } }
    return { ...reply, body: { error: { ...error, message: `${echoed} ${error.message}${echoed}` } } }
  }
